// The load generator as a process of its own, so that the server's CPU is its own too.
// Job on stdin (JSON, inputs made here from the seed), one JSON line of results on stdout.
import { LatencyHistogram } from "../../packages/server/src/load-generator/histogram.ts";
import { startEchoLoad } from "./echo-client.ts";
import { type LoadCounters, startGrpcLoad } from "./grpc-client.ts";
import { startHttpLoad } from "./http-client.ts";
import { decodeRoute, encodeRoute, type HttpRoute } from "./http-route.ts";
import {
	encodeGrpc,
	encodeHttp,
	makeInputs,
	type WorkloadModel,
} from "./workload.ts";

export interface LoadJob {
	/** `echo`: bytes without a meaning to `bench/peers/echo`, as many as `exchange` says. */
	readonly protocol: "grpc" | "http" | "echo";
	readonly host: string;
	readonly port: number;
	readonly model: WorkloadModel;
	readonly connections: number;
	readonly inFlight: number;
	readonly warmupSeconds: number;
	readonly seconds: number;
	/** Expected answers, one per distinct input, base64 of little-endian FP32. */
	readonly expected: readonly string[];
	readonly distinctTimeouts?: boolean;
	/** Of `http`, where the server does not speak the Open Inference Protocol. */
	readonly route?: HttpRoute;
	readonly exchange?: ExchangeBytes;
}

/** What one request and its answer take on the socket. */
export interface ExchangeBytes {
	readonly request: number;
	readonly answer: number;
}

export interface LoadResult {
	readonly perSecond: number;
	readonly p50Us: number;
	readonly p99Us: number;
	readonly answered: number;
	readonly wrong: number;
	readonly exchange: ExchangeBytes;
	/** CPU of the generator over the window, in cores: near 1 means that it may be the bottleneck. */
	readonly clientCores: number;
}

async function main(): Promise<void> {
	const job = JSON.parse(await readStdin()) as LoadJob;
	const counters: LoadCounters = {
		answered: 0,
		wrong: 0,
		sentBytes: 0,
		receivedBytes: 0,
		histogram: new LatencyHistogram(),
		running: true,
	};
	const failed = (error: Error) => {
		console.error(`load generator: ${error.message}`);
		process.exit(1);
	};
	const stop = start(job, counters, failed);
	await seconds(job.warmupSeconds);
	counters.answered = 0;
	counters.sentBytes = 0;
	counters.receivedBytes = 0;
	counters.histogram = new LatencyHistogram();
	const cpu = process.cpuUsage();
	const startMs = performance.now();
	// The parent reads the server's CPU at these two moments.
	console.log("window-start");
	await seconds(job.seconds);
	const elapsedS = (performance.now() - startMs) / 1000;
	console.log("window-end");
	const used = process.cpuUsage(cpu);
	counters.running = false;
	const result: LoadResult = {
		perSecond: counters.answered / elapsedS,
		p50Us: counters.histogram.quantileUs(0.5),
		p99Us: counters.histogram.quantileUs(0.99),
		answered: counters.answered,
		wrong: counters.wrong,
		exchange: {
			request: Math.round(counters.sentBytes / counters.answered),
			answer: Math.round(counters.receivedBytes / counters.answered),
		},
		clientCores: (used.user + used.system) / 1e6 / elapsedS,
	};
	console.log(JSON.stringify(result));
	stop();
}

function start(
	job: LoadJob,
	counters: LoadCounters,
	failed: (error: Error) => void,
): () => void {
	const { host, port, connections, inFlight } = job;
	if (job.protocol === "echo") {
		const { request, answer } = job.exchange ?? { request: 1, answer: 1 };
		return startEchoLoad(
			{ host, port, inFlight, requestBytes: request, answerBytes: answer },
			counters,
			failed,
		);
	}
	const inputs = makeInputs(job.model, job.expected.length);
	const expected = job.expected.map((text) => {
		const bytes = Uint8Array.from(Buffer.from(text, "base64"));
		return new Float32Array(bytes.buffer);
	});
	if (job.protocol === "http") {
		const { model, route } = job;
		const address = `${host}:${port}`;
		const requests = inputs.map((input) =>
			route === undefined
				? encodeHttp(model, input, address)
				: encodeRoute(route, input, address),
		);
		const decode = (content: Uint8Array) =>
			route === undefined ? content : decodeRoute(route, content);
		return startHttpLoad(
			{ host, port, inFlight, requests, expected, decode },
			counters,
			failed,
		);
	}
	const requests = inputs.map((input) => encodeGrpc(job.model, input));
	return startGrpcLoad(
		{
			host,
			port,
			connections,
			inFlight,
			requests,
			expected,
			distinctTimeouts: job.distinctTimeouts ?? false,
		},
		counters,
		failed,
	);
}

function seconds(count: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

async function readStdin(): Promise<string> {
	const parts: Buffer[] = [];
	for await (const part of process.stdin) parts.push(part as Buffer);
	return Buffer.concat(parts).toString("utf8");
}

await main();
