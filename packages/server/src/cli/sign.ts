// `saccade models sign` and `saccade models verify`: manifests of versions, made and checked on this machine.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSigningKey, type SigningKey } from "../common/ed25519.ts";
import { checkVersion } from "../integrity/check-version.ts";
import { signVersion } from "../integrity/sign-version.ts";
import {
	configTextsOf,
	readModelDirectory,
} from "../repository/model-directory.ts";
import { formatTable } from "./table.ts";
import { UsageError } from "./usage-error.ts";

interface VersionFlags {
	readonly modelRepository: string;
	readonly modelVersion?: readonly string[];
	readonly json?: boolean;
}

export interface SignFlags extends VersionFlags {
	readonly key?: string;
	readonly expiresDays?: string;
}

export interface VerifyFlags extends VersionFlags {
	readonly key?: readonly string[];
}

const DAY_MS = 86_400_000;

export async function sign(model: string, flags: SignFlags): Promise<void> {
	const { path, versions } = await versionsOf(model, flags);
	const key = flags.key === undefined ? null : readPrivateKey(flags.key);
	const expiresMs = expiryOf(flags.expiresDays);
	const signed = versions.map((version) => {
		const request = { directory: path, model, version, key, expiresMs };
		const { files, shared } = signVersion(request);
		return { version, files: files.size, shared: shared.size };
	});
	if (flags.json === true) {
		console.log(JSON.stringify({ model, key: key?.id ?? null, signed }));
		return;
	}
	const how = key === null ? "digests only" : `signed by key ${key.id}`;
	for (const { version, files, shared } of signed)
		console.log(
			`${model} version ${version}: ${files} files and ${shared} that versions share, ${how}`,
		);
}

/** Ends with 1 when a version may not serve. */
export async function verify(model: string, flags: VerifyFlags): Promise<void> {
	const { directory, path, versions } = await versionsOf(model, flags);
	const keys = (flags.key ?? []).map((file) => readFileSync(file, "utf8"));
	const verdicts = versions.map((version) => ({
		version,
		problem: checkVersion({
			directory: path,
			model,
			version,
			mode: keys.length === 0 ? "digest" : "signature",
			keys,
			nowMs: Date.now(),
			configTexts: configTextsOf(directory, version),
			copyTo: null,
		}),
	}));
	if (flags.json === true) console.log(JSON.stringify({ model, verdicts }));
	else
		console.log(
			formatTable([
				["version", ""],
				...verdicts.map(({ version, problem }) => [
					String(version),
					problem ?? "as it was signed",
				]),
			]),
		);
	if (verdicts.some(({ problem }) => problem !== null)) process.exitCode = 1;
}

async function versionsOf(model: string, flags: VersionFlags) {
	const { modelRepository, modelVersion } = flags;
	const directory = await readModelDirectory(modelRepository, model);
	if (directory === null)
		throw new UsageError(
			`${modelRepository} has no model '${model}' (it has: ${readdirSync(modelRepository).join(", ")})`,
		);
	const { path } = directory;
	const versions = modelVersion?.map(Number) ?? directory.versions;
	const absent = versions.filter((each) => !directory.versions.includes(each));
	if (versions.length === 0 || absent.length > 0)
		throw new UsageError(
			`${join(modelRepository, model)} has no version ${absent.join(", ")} (it has: ${directory.versions.join(", ") || "none"})`,
		);
	return { directory, path, versions };
}

function readPrivateKey(file: string): SigningKey {
	const read = readSigningKey(readFileSync(file, "utf8"));
	if (read.ok) return read.value;
	throw new UsageError(`--key ${file}: ${read.problem}`);
}

function expiryOf(days: string | undefined): number | null {
	if (days === undefined) return null;
	const count = Number(days);
	if (!(count > 0 && count < 100_000))
		throw new UsageError(`--expires-days ${days}: a number of days is needed`);
	return Date.now() + count * DAY_MS;
}
