// One round of one case against one variant: a fresh server, a warm-up, a window.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureH2load } from "../load/h2load.ts";
import { type LoadWindow, measureLoad } from "../load/measure.ts";
import {
	bytesOf,
	DISTINCT_INPUTS,
	encodeGrpc,
	makeInputs,
} from "../load/workload.ts";
import { modelOf, type WireCase } from "./cases.ts";
import { startWireServer, type WireServer } from "./server-process.ts";
import { ANSWER_FLOATS, PATH, type Variant } from "./variants.ts";

export interface RoundOptions {
	readonly seconds: number;
	/** Directory for CPU profiles of the servers; null: not profiled. */
	readonly profileTo: string | null;
}

/** Long enough for the servers' hot code to be compiled. */
const WARMUP_SECONDS = 1;

export async function measureRound(
	wire: WireCase,
	variant: Variant,
	{ seconds, profileTo }: RoundOptions,
): Promise<LoadWindow> {
	const name = `${wire.id}-${variant}`;
	const profile = profileTo === null ? null : { directory: profileTo, name };
	const server = await startWireServer(variant, profile);
	try {
		return wire.client === "h2load"
			? await byH2load(server, wire, seconds)
			: await byOwnClient(server, wire, seconds);
	} finally {
		await server.stop();
	}
}

async function byH2load(
	server: WireServer,
	wire: WireCase,
	seconds: number,
): Promise<LoadWindow> {
	const model = modelOf(wire);
	const [input = new Float32Array(0)] = makeInputs(model, 1);
	const home = mkdtempSync(join(tmpdir(), "saccade-wire-"));
	const bodyFile = join(home, "body");
	writeFileSync(bodyFile, encodeGrpc(model, input));
	try {
		return await measureH2load(server.pid, {
			url: `http://127.0.0.1:${server.port}${PATH}`,
			connections: wire.connections,
			streamsPerConnection: wire.streamsPerConnection,
			bodyFile,
			warmupSeconds: WARMUP_SECONDS,
			seconds,
		});
	} finally {
		rmSync(home, { recursive: true });
	}
}

function byOwnClient(
	server: WireServer,
	wire: WireCase,
	seconds: number,
): Promise<LoadWindow> {
	const answer = Buffer.from(bytesOf(ANSWER_FLOATS)).toString("base64");
	return measureLoad(server.pid, {
		protocol: "grpc",
		host: "127.0.0.1",
		port: server.port,
		model: modelOf(wire),
		connections: wire.connections,
		inFlight: wire.connections * wire.streamsPerConnection,
		warmupSeconds: WARMUP_SECONDS,
		seconds,
		expected: Array.from({ length: DISTINCT_INPUTS }, () => answer),
		distinctTimeouts: wire.distinctTimeouts,
	});
}
