// gRPC's interoperability cases with the official clients that npm does not have: Python's grpcio and grpc-go. Where
// Python 3 or Go is absent its part is left out, and fails with SACCADE_REQUIRE_TOOLS=1.
//   node -C source conformance/grpc-interop/run.ts
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createGrpcServer } from "@saccade/grpc";
import { preparePython } from "../python/environment.ts";
import { interopMethods } from "./service.ts";

const here = import.meta.dirname;
const root = join(here, "..", "..");
const cache = join(root, ".cache");
const descriptors = join(cache, "grpc-interop.binpb");
const goClient = join(cache, "bin", "grpc-interop");
const TIMEOUT_MS = 180_000;

function prepare(program: string, args: readonly string[], cwd: string): void {
	const { status, error } = spawnSync(program, args, { cwd, stdio: "inherit" });
	if (status === 0) return;
	throw new Error(`${program}: ${error?.message ?? `exit code ${status}`}`);
}

/** Asynchronous, because the server runs in this process. */
async function runClient(
	program: string,
	args: readonly string[],
	env: NodeJS.ProcessEnv = {},
): Promise<void> {
	const client = spawn(program, args, {
		stdio: "inherit",
		timeout: TIMEOUT_MS,
		env: { ...process.env, ...env },
	});
	const [status, signal] = await once(client, "exit");
	if (status !== 0)
		throw new Error(`${program} ended with ${status ?? signal}`);
}

interface Client {
	readonly name: string;
	/** The tool without which it cannot be built. */
	readonly needs: readonly [program: string, ...args: string[]];
	run(address: string): Promise<void>;
}

const clients: readonly Client[] = [
	{
		name: "Python grpcio",
		needs: ["python3", "--version"],
		run: async (address) => {
			const directory = join(here, "python");
			const requirements = join(directory, "requirements.txt");
			const python = preparePython("python-grpc", requirements);
			const buf = join(root, "node_modules", ".bin", "buf");
			prepare(buf, ["build", join(here, "proto"), "-o", descriptors], root);
			await runClient(python, ["-m", "pytest", directory], {
				GRPC_ADDRESS: address,
				GRPC_DESCRIPTORS: descriptors,
				PYTHONDONTWRITEBYTECODE: "1",
			});
		},
	},
	{
		name: "grpc-go",
		needs: ["go", "version"],
		run: async (address) => {
			prepare("go", ["build", "-o", goClient, "."], join(here, "go"));
			await runClient(goClient, ["-address", address]);
		},
	},
];

async function runCases({ name, needs, run }: Client): Promise<boolean> {
	const [program, ...args] = needs;
	if (spawnSync(program, args).status !== 0) {
		const isRequired = process.env["SACCADE_REQUIRE_TOOLS"] === "1";
		console.error(
			`${name}: ${isRequired ? "FAILED" : "left out"}, there is no ${program}`,
		);
		return !isRequired;
	}
	const server = createGrpcServer({ methods: interopMethods });
	const { port } = (await server.listen({
		host: "127.0.0.1",
		port: 0,
	})) as AddressInfo;
	try {
		await run(`127.0.0.1:${port}`);
		await server.close(2000);
		const { callCount, keptBytes } = server.stats();
		if (callCount + keptBytes > 0)
			throw new Error(`${callCount} calls and ${keptBytes} bytes are left`);
		console.log(`${name}: passed`);
		return true;
	} catch (error) {
		console.error(`${name}: FAILED`, error);
		return false;
	} finally {
		server.destroy();
	}
}

mkdirSync(join(cache, "bin"), { recursive: true });
const passed: boolean[] = [];
for (const client of clients) passed.push(await runCases(client));
process.exitCode = passed.every(Boolean) ? 0 : 1;
