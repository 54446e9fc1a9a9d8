// What would stop this machine from serving. Each check says what it found and, unless all is well, how to mend it.
import { readFile, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { readRuntimeFacts } from "../../app/runtime-facts.ts";
import { readCores } from "../../devices/cores.ts";
import { withTarget } from "../infer/open-target.ts";
import { memoryLimitBytes, modelFileBytes } from "./memory.ts";

export interface Finding {
	readonly check: string;
	readonly state: "ok" | "warn" | "fail";
	readonly found: string;
	/** Empty when all is well. */
	readonly remedy: string;
}

const NEEDED_NODE_MAJOR = 24;
const MIB = 1024 * 1024;
const LITTLE_MEMORY_BYTES = 512 * MIB;
const LITTLE_SHM_BYTES = 64 * MIB;
const FEW_FILES = 4096;

export interface CheckOptions {
	readonly repositories: readonly string[];
	/** By the name of their option. */
	readonly ports: readonly (readonly [name: string, port: number])[];
}

export async function runChecks({
	repositories,
	ports: asked,
}: CheckOptions): Promise<Finding[]> {
	const ports = await Promise.all(
		asked.map(([name, port]) => checkPort(name, port)),
	);
	const limitBytes = memoryLimitBytes();
	return [
		checkNode(process.versions.node),
		checkLibrary(),
		checkCores(),
		checkMemory(limitBytes),
		...ports,
		await checkOpenFiles(),
		await checkSharedMemory(),
		...(await checkModelMemory(repositories, limitBytes)),
		...(await checkRepositories(repositories)),
	];
}

function checkNode(version: string): Finding {
	const isNew = Number(version.split(".")[0]) >= NEEDED_NODE_MAJOR;
	return isNew
		? ok("node", version)
		: {
				check: "node",
				state: "fail",
				found: version,
				remedy: `use Node ${NEEDED_NODE_MAJOR}; the launcher brings it when the package "node" is installed`,
			};
}

function checkLibrary(): Finding {
	try {
		const { name, version, providers } = readRuntimeFacts();
		return ok("library", `${name} ${version} (${providers.join(", ")})`);
	} catch (error) {
		return {
			check: "library",
			state: "fail",
			found: textOf(error),
			remedy: "install the library's package, or name a library file",
		};
	}
}

function checkCores(): Finding {
	const { usable, machine } = readCores();
	return ok("cores", `${usable} usable of ${machine}`);
}

export function checkMemory(limitBytes: number): Finding {
	const found = `${toMib(limitBytes)} MiB`;
	if (limitBytes >= LITTLE_MEMORY_BYTES) return ok("memory", found);
	return {
		check: "memory",
		state: "warn",
		found,
		remedy: "raise the container's memory limit, or lower --body-budget",
	};
}

async function checkPort(name: string, port: number): Promise<Finding> {
	const check = `port ${name}`;
	const problem = await new Promise<string | null>((resolve) => {
		const probe = createServer();
		probe.once("error", (error: NodeJS.ErrnoException) =>
			resolve(error.code ?? error.message),
		);
		probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(null)));
	});
	if (problem === null) return ok(check, `${port} is free`);
	return {
		check,
		state: "fail",
		found: `${port} cannot be bound (${problem})`,
		remedy: `stop what uses it, or start with --${name}-port another`,
	};
}

async function checkOpenFiles(): Promise<Finding> {
	const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
	const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
	if (soft === undefined) return ok("open files", "no limit known");
	if (soft === "unlimited" || Number(soft) >= FEW_FILES)
		return ok("open files", soft);
	return {
		check: "open files",
		state: "warn",
		found: soft,
		remedy: `each connection takes one: ulimit -n ${FEW_FILES * 4}, or LimitNOFILE of the unit`,
	};
}

async function checkSharedMemory(): Promise<Finding> {
	const check = "/dev/shm";
	if (process.platform !== "linux") return ok(check, "not on this platform");
	const facts = await statfs("/dev/shm").catch(() => null);
	const freeBytes = facts === null ? 0 : facts.bavail * facts.bsize;
	const found = `${toMib(freeBytes)} MiB free`;
	if (freeBytes >= LITTLE_SHM_BYTES) return ok(check, found);
	return {
		check,
		state: "warn",
		found,
		remedy: "clients that share memory need room: docker run --shm-size=1g",
	};
}

/** Weights are in memory once, and twice while a version replaces another. */
async function checkModelMemory(
	repositories: readonly string[],
	limitBytes: number,
): Promise<Finding[]> {
	if (repositories.length === 0) return [];
	const check = "memory for models";
	const fileBytes = await modelFileBytes(repositories);
	const found = `${toMib(fileBytes)} MiB of model files, ${toMib(limitBytes)} MiB of memory`;
	return [modelMemoryFinding(check, found, fileBytes, limitBytes)];
}

export function modelMemoryFinding(
	check: string,
	found: string,
	fileBytes: number,
	limitBytes: number,
): Finding {
	if (2 * fileBytes <= limitBytes) return ok(check, found);
	const remedy =
		"raise the memory limit, or load fewer models: --model-control-mode=explicit with --load-model";
	const state = fileBytes > limitBytes ? "fail" : "warn";
	return { check, state, found, remedy };
}

/** Loads each model as the server would. */
async function checkRepositories(
	repositories: readonly string[],
): Promise<Finding[]> {
	if (repositories.length === 0) return [];
	try {
		const options = { modelRepository: repositories };
		const rows = await withTarget(options, [], (target) => target.index());
		const names = new Set(rows.map(({ name }) => name));
		const findings: Finding[] = [];
		for (const name of names)
			findings.push(await checkModel(repositories, name));
		return findings;
	} catch (error) {
		return [
			{
				check: "repository",
				state: "fail",
				found: textOf(error),
				remedy: "correct the path, or the rights of the directory",
			},
		];
	}
}

async function checkModel(
	repositories: readonly string[],
	name: string,
): Promise<Finding> {
	const check = `model ${name}`;
	try {
		const options = { modelRepository: repositories };
		const { versions } = await withTarget(options, [name], (target) =>
			target.describe(name, ""),
		);
		return ok(check, `loads, versions ${versions.join(", ")}`);
	} catch (error) {
		return {
			check,
			state: "fail",
			found: textOf(error).trim(),
			remedy: "mend what the text names; saccade models explain shows the rest",
		};
	}
}

function toMib(bytes: number): number {
	return Math.round(bytes / MIB);
}

function ok(check: string, found: string): Finding {
	return { check, state: "ok", found, remedy: "" };
}

function textOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
