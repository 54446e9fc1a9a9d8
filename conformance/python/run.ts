// Runs the official Python clients against a server: the one that SACCADE_HTTP and SACCADE_GRPC name, or
// else one that is started here with the project's own models. Arguments are pytest's.
//   node -C source conformance/python/run.ts [-k EXPRESSION]
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../bench/lib/server-process.ts";
import { FIXTURE_SETS, findFixture } from "../../scripts/fixtures/catalogue.ts";
import { writeFixture } from "../../scripts/fixtures/write-fixture.ts";
import { addModelFile } from "../../test/support/model-repository.ts";
import { sharedPath } from "../../test/support/shared-data.ts";

const here = import.meta.dirname;
const root = join(here, "..", "..");
const detector = sharedPath("models/fastestdet/FastestDet.onnx");

/** The interpreter of a virtual environment with the pinned packages, made once per requirements.txt. */
function preparePython(): string {
	const requirements = join(here, "requirements.txt");
	const environment = join(root, ".cache", "python");
	const python = join(environment, "bin", "python");
	const stampFile = join(environment, "requirements.sha256");
	const hash = createHash("sha256")
		.update(readFileSync(requirements))
		.digest("hex");
	if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash)
		return python;
	console.error("conformance: installing the Python clients (once)…");
	command("python3", ["-m", "venv", "--clear", environment]);
	command(python, ["-m", "pip", "install", "-q", "-r", requirements]);
	writeFileSync(stampFile, hash);
	return python;
}

function command(program: string, args: readonly string[]): void {
	const { status, error } = spawnSync(program, args, { stdio: "inherit" });
	if (status !== 0)
		throw new Error(
			`${program} ${args.join(" ")} failed: ${error?.message ?? `exit ${status}`}`,
		);
}

/** Writes what the tests expect and returns the names to load; the faulty ones stay on disk. */
function writeRepository(directory: string): string[] {
	const loaded = [...FIXTURE_SETS.demo, findFixture("slow")];
	for (const fixture of [...loaded, ...FIXTURE_SETS.faulty])
		writeFixture(directory, fixture);
	const names = loaded.map((fixture) => fixture.name);
	if (!existsSync(detector)) return names;
	addModelFile(directory, "fastestdet", detector);
	return [...names, "fastestdet"];
}

/** Asynchronous, because this process reads the server's log meanwhile: a full pipe would stop the server. */
async function runTests(
	python: string,
	httpAddress: string,
	grpcAddress: string,
): Promise<number> {
	const args = ["-m", "pytest", here, ...process.argv.slice(2)];
	const pytest = spawn(python, args, {
		cwd: here,
		stdio: "inherit",
		env: {
			...process.env,
			SACCADE_HTTP: httpAddress,
			SACCADE_GRPC: grpcAddress,
			SACCADE_SHARED: sharedPath("."),
			PYTHONDONTWRITEBYTECODE: "1",
		},
	});
	const [status] = (await once(pytest, "exit")) as [number | null];
	return status ?? 1;
}

async function runAgainstOwnServer(python: string): Promise<number> {
	const repository = mkdtempSync(join(tmpdir(), "saccade-conformance-"));
	try {
		const names = writeRepository(repository);
		const server = await startServer(
			[repository],
			[
				"--model-control-mode=explicit",
				...names.map((name) => `--load-model=${name}`),
			],
		);
		const status = await runTests(
			python,
			`127.0.0.1:${server.httpPort}`,
			`127.0.0.1:${server.grpcPort}`,
		);
		const exitCode = await server.stop();
		if (exitCode !== 0)
			console.error(`conformance: the server ended with ${exitCode}`);
		return status === 0 ? exitCode : status;
	} finally {
		rmSync(repository, { recursive: true, force: true });
	}
}

const python = preparePython();
const { SACCADE_HTTP, SACCADE_GRPC } = process.env;
process.exitCode =
	SACCADE_HTTP !== undefined && SACCADE_GRPC !== undefined
		? await runTests(python, SACCADE_HTTP, SACCADE_GRPC)
		: await runAgainstOwnServer(python);
