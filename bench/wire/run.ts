// The wire alone, one thread, fixed answer: our HTTP/2 read through one reused buffer, the same by plain `data`
// events, and `node:http2`: `npm run bench -- wire [--rounds 5] [--seconds 2]`. Rounds interleave the variants;
// load is h2load (Debian: nghttp2-client). CPU is the server's, all threads.
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { processCpuUs } from "../lib/machine.ts";
import { table, writeResults } from "../lib/report.ts";
import { type Interval, interval, pairedRatio } from "../lib/stats.ts";
import { encodeGrpc, makeInputs } from "../load/workload.ts";
import { measureLoad } from "../serve/load-run.ts";
import { PATH, VARIANTS, type Variant } from "./server.ts";

interface Size {
	readonly id: string;
	readonly inputShape: readonly number[];
	readonly streams: number;
	readonly connections: number;
	/** Of node:http2, by the whole interval: requests/s at least, CPU a request at most. */
	readonly target: { readonly rate: number; readonly cpu: number };
	readonly dataEventsRate: number;
	/** Own client whose `grpc-timeout` differs from call to call, so that no header block repeats. */
	readonly distinctHeaders?: boolean;
}

const SIZES: readonly Size[] = [
	{
		id: "300 B",
		inputShape: [1, 64],
		streams: 8,
		connections: 4,
		target: { rate: 5, cpu: 1 / 8 },
		dataEventsRate: 2,
	},
	{
		id: "110 KB",
		inputShape: [1, 3, 96, 96],
		streams: 8,
		connections: 4,
		target: { rate: 2.5, cpu: 1 / 4 },
		dataEventsRate: 2,
	},
	{
		id: "602 KB",
		inputShape: [1, 3, 224, 224],
		streams: 2,
		connections: 4,
		target: { rate: 2.5, cpu: 1 / 4 },
		dataEventsRate: 2,
	},
	{
		id: "300 B, headers that change",
		inputShape: [1, 64],
		streams: 8,
		connections: 4,
		target: { rate: 5, cpu: 1 / 8 },
		dataEventsRate: 2,
		distinctHeaders: true,
	},
];

interface Measured {
	readonly perSecond: number;
	readonly cpuUs: number;
}

const args = process.argv.slice(3);
const rounds = numberOption("--rounds", 5);
const seconds = numberOption("--seconds", 2);

function numberOption(name: string, fallback: number): number {
	const at = args.indexOf(name);
	return at < 0 ? fallback : Number(args[at + 1]);
}

async function measure(
	variant: Variant,
	size: Size,
	body: string,
): Promise<Measured> {
	const script = fileURLToPath(new URL("server.ts", import.meta.url));
	const server = spawn(process.execPath, ["-C", "source", script, variant], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	try {
		const [port] = (await once(server.stdout, "data")) as [Buffer];
		const pid = server.pid ?? 0;
		return size.distinctHeaders === true
			? await withOwnClient(pid, Number(port), size)
			: await withH2load(pid, Number(port), size, body);
	} finally {
		server.kill();
		await once(server, "exit");
	}
}

async function withH2load(
	pid: number,
	port: number,
	size: Size,
	body: string,
): Promise<Measured> {
	const load = (forSeconds: number) =>
		promisify(execFile)("h2load", [
			`-D${forSeconds}`,
			`-c${size.connections}`,
			`-m${size.streams}`,
			"-t1",
			`-d${body}`,
			"-Hcontent-type: application/grpc",
			"-Hte: trailers",
			`http://127.0.0.1:${port}${PATH}`,
		]);
	await load(1);
	const startUs = processCpuUs(pid);
	const { stdout } = await load(seconds);
	const usedUs = processCpuUs(pid) - startUs;
	const [, done, failed] =
		/(\d+) done, \d+ succeeded, (\d+) failed/.exec(stdout) ?? [];
	if (!(Number(done) > 0) || failed !== "0")
		throw new Error(`h2load: ${stdout}`);
	return {
		perSecond: Number(done) / seconds,
		cpuUs: usedUs / Number(done),
	};
}

async function withOwnClient(
	pid: number,
	port: number,
	size: Size,
): Promise<Measured> {
	const ones = Buffer.from(Float32Array.from({ length: 10 }, () => 1).buffer);
	const load = await measureLoad(pid, {
		protocol: "grpc",
		host: "127.0.0.1",
		port,
		model: modelOf(size),
		connections: size.connections,
		inFlight: size.connections * size.streams,
		warmupSeconds: 1,
		seconds,
		expected: Array.from({ length: 64 }, () => ones.toString("base64")),
		distinctTimeouts: true,
	});
	return { perSecond: load.perSecond, cpuUs: load.serverCpuUs };
}

function modelOf(size: Size) {
	return {
		name: "model",
		input: "input",
		inputShape: size.inputShape,
		output: "output",
		outputShape: [1, 10],
	};
}

function show({ median, low, high }: Interval, digits: number): string {
	return `${median.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}

execFileSync("h2load", ["--version"]);
const home = mkdtempSync(join(tmpdir(), "saccade-wire-"));
const rows = [];
for (const size of SIZES) {
	const body = join(home, "body");
	const [input = new Float32Array(0)] = makeInputs(modelOf(size), 1);
	writeFileSync(body, encodeGrpc(modelOf(size), input));
	const measured: Record<Variant, Measured[]> = {
		"reused-buffer": [],
		"data-events": [],
		"node-http2": [],
	};
	for (let round = 0; round < rounds; round++)
		for (const variant of VARIANTS)
			measured[variant].push(await measure(variant, size, body));
	const rates = (variant: Variant) =>
		measured[variant].map(({ perSecond }) => perSecond);
	const cpu = (variant: Variant) => measured[variant].map(({ cpuUs }) => cpuUs);
	for (const variant of VARIANTS) {
		const rateRatio = pairedRatio(rates(variant), rates("node-http2"));
		const cpuRatio = pairedRatio(cpu(variant), cpu("node-http2"));
		const met =
			variant === "reused-buffer"
				? rateRatio.low >= size.target.rate && cpuRatio.high <= size.target.cpu
				: variant === "data-events"
					? rateRatio.low >= size.dataEventsRate
					: null;
		rows.push({
			size: size.id,
			variant,
			perSecond: interval(rates(variant)),
			cpuUs: interval(cpu(variant)),
			rateRatio,
			cpuRatio,
			met,
		});
	}
}
rmSync(home, { recursive: true });
console.log(
	table(
		[
			"request",
			"variant",
			"answers/s",
			"× node:http2",
			"CPU µs/answer",
			"of node:http2",
			"target met",
		],
		rows.map((row) => [
			row.size,
			row.variant,
			show(row.perSecond, 0),
			show(row.rateRatio, 2),
			show(row.cpuUs, 1),
			show(row.cpuRatio, 3),
			row.met === null ? "" : row.met ? "yes" : "no",
		]),
	),
);
console.log(
	writeResults(
		"wire",
		`npm run bench -- wire --rounds ${rounds} --seconds ${seconds}`,
		{ rounds, seconds, rows },
	),
);
