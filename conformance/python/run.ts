// Runs the official Python clients against a server: the one that SACCADE_HTTP and SACCADE_GRPC name, or
// else one that is started here with the project's own models. Arguments are pytest's.
//   node -C source conformance/python/run.ts [-k EXPRESSION]
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
	type RunningServer,
	startServer,
} from "../../bench/lib/server-process.ts";
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

/** Two repositories with a model of the same name, with alternative configurations and one of a version alone. */
function writeNamespaces(directory: string): string[] {
	const repositories = ["one", "two"].map((name) => join(directory, name));
	for (const repository of repositories)
		writeFixture(repository, findFixture("add_sub"));
	const [one = ""] = repositories;
	writeFixture(one, findFixture("simple"));
	for (const [file, text] of [
		["add_sub/configs/interop.pbtxt", "max_batch_size: 6"],
		["simple/1/config.pbtxt", "max_batch_size: 5"],
	] as const) {
		mkdirSync(dirname(join(one, file)), { recursive: true });
		writeFileSync(join(one, file), text);
	}
	return repositories;
}

/** Models that work, and one whose file is not all there. */
function writeOnDemand(repository: string): string {
	for (const name of ["simple", "add_sub", "slow"])
		writeFixture(repository, findFixture(name));
	const file = readFileSync(join(repository, "simple", "1", "model.onnx"));
	const half = join(repository, "half_copied", "1");
	mkdirSync(half, { recursive: true });
	writeFileSync(join(half, "model.onnx"), file.subarray(0, file.length >> 1));
	return repository;
}

/** Asynchronous, because this process reads the server's log meanwhile: a full pipe would stop the server. */
async function runTests(
	python: string,
	addresses: Readonly<Record<string, string>>,
): Promise<number> {
	const args = ["-m", "pytest", here, ...process.argv.slice(2)];
	const pytest = spawn(python, args, {
		cwd: here,
		stdio: "inherit",
		env: {
			...process.env,
			...addresses,
			SACCADE_SHARED: sharedPath("."),
			SACCADE_COMMAND: [
				process.execPath,
				"--conditions=source",
				join(here, "../../packages/server/bin/saccade.js"),
			].join("\n"),
			PYTHONDONTWRITEBYTECODE: "1",
		},
	});
	const [status] = (await once(pytest, "exit")) as [number | null];
	return status ?? 1;
}

async function runAgainstOwnServers(python: string): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), "saccade-conformance-"));
	const servers: RunningServer[] = [];
	const start = async (
		repositories: readonly string[],
		args: readonly string[],
	): Promise<RunningServer> => {
		const stateDir = `--state-dir=${join(folder, "state")}`;
		const server = await startServer(repositories, [
			"--model-control-mode=explicit",
			stateDir,
			...args,
		]);
		servers.push(server);
		return server;
	};
	try {
		const repository = join(folder, "models");
		const names = writeRepository(repository);
		const usual = await start(
			[repository],
			names.map((name) => `--load-model=${name}`),
		);
		const namespaced = await start(writeNamespaces(folder), [
			"--model-namespacing=true",
			"--model-config-name=interop",
			"--load-model=*",
		]);
		const onDemand = await start(
			[writeOnDemand(join(folder, "on-demand"))],
			["--load-on-demand"],
		);
		const status = await runTests(python, {
			SACCADE_ADD_SUB_FILE: join(repository, "add_sub", "1", "model.onnx"),
			SACCADE_HTTP: `127.0.0.1:${usual.httpPort}`,
			SACCADE_GRPC: `127.0.0.1:${usual.grpcPort}`,
			SACCADE_NAMESPACED_HTTP: `127.0.0.1:${namespaced.httpPort}`,
			SACCADE_NAMESPACED_GRPC: `127.0.0.1:${namespaced.grpcPort}`,
			SACCADE_ON_DEMAND_HTTP: `127.0.0.1:${onDemand.httpPort}`,
			SACCADE_ON_DEMAND_GRPC: `127.0.0.1:${onDemand.grpcPort}`,
		});
		const exitCodes = await Promise.all(
			servers.splice(0).map((server) => server.stop()),
		);
		const failed = exitCodes.find((code) => code !== 0) ?? 0;
		if (failed !== 0)
			console.error(`conformance: a server ended with ${failed}`);
		return status === 0 ? failed : status;
	} finally {
		await Promise.all(servers.map((server) => server.stop()));
		rmSync(folder, { recursive: true, force: true });
	}
}

const python = preparePython("python", join(here, "requirements.txt"));
const { SACCADE_HTTP, SACCADE_GRPC } = process.env;
process.exitCode =
	SACCADE_HTTP !== undefined && SACCADE_GRPC !== undefined
		? await runTests(python, { SACCADE_HTTP, SACCADE_GRPC })
		: await runAgainstOwnServers(python);
