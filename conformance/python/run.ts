// Runs the official Python clients against a server: the one that SACCADE_HTTP and SACCADE_GRPC name, or
// else one that is started here with the project's own models. Arguments are pytest's.
//   node -C source conformance/python/run.ts [-k EXPRESSION]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../bench/lib/server-process.ts";
import { FIXTURE_SETS, findFixture } from "../../scripts/fixtures/catalogue.ts";
import { writeFixture } from "../../scripts/fixtures/write-fixture.ts";
import { addModelFile } from "../../test/support/model-repository.ts";
import { sharedPath } from "../../test/support/shared-data.ts";
import { preparePython } from "./environment.ts";

const here = import.meta.dirname;
const detector = sharedPath("models/fastestdet/FastestDet.onnx");

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
				`--state-dir=${join(repository, ".state")}`,
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

const python = preparePython("python", join(here, "requirements.txt"));
const { SACCADE_HTTP, SACCADE_GRPC } = process.env;
process.exitCode =
	SACCADE_HTTP !== undefined && SACCADE_GRPC !== undefined
		? await runTests(python, SACCADE_HTTP, SACCADE_GRPC)
		: await runAgainstOwnServer(python);
