// Prometheus and VictoriaMetrics as processes of a test, with the configuration that is shipped: only addresses and
// intervals are others.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
	cpSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Sample } from "../support/metrics-page.ts";
import { until } from "../support/until.ts";
import type { Tools } from "./tools.ts";

export const SHIPPED: string = join(
	import.meta.dirname,
	"../../deploy/observability",
);
/** Short, so that a test need not wait for what users wait for. */
const INTERVAL = "1s";

type Cleaner = { readonly after: (clean: () => void | Promise<void>) => void };

export interface Store {
	readonly url: string;
	/** An instant query, as of now. */
	query(expr: string): Promise<readonly StoredSample[]>;
	get(path: string): Promise<unknown>;
}

export interface StoredSample extends Sample {
	/** Of what was stored, in s since 1970. */
	readonly atS: number;
}

/** @param writeTo remote-write endpoint that it hands everything on to */
export async function startPrometheus(
	test: Cleaner,
	tools: Tools,
	metrics: string,
	writeTo: string,
): Promise<Store> {
	const home = temporary(test);
	cpSync(join(SHIPPED, "prometheus"), home, { recursive: true });
	const file = join(home, "prometheus.yml");
	const config = {
		...pointedAt(file, metrics),
		remote_write: [{ url: writeTo }],
	};
	writeFileSync(file, stringify(config));
	for (const name of readdirSync(join(home, "rules")))
		hurry(join(home, "rules", name));
	const port = await freePort();
	start(test, tools.prometheus, [
		`--config.file=${file}`,
		`--storage.tsdb.path=${join(home, "data")}`,
		`--web.listen-address=127.0.0.1:${port}`,
	]);
	return ready(port, "/-/ready");
}

/** Takes OTLP and scrapes nothing. */
export async function startPrometheus3(
	test: Cleaner,
	program: string,
): Promise<Store> {
	const home = temporary(test);
	cpSync(join(SHIPPED, "prometheus"), home, { recursive: true });
	const port = await freePort();
	start(test, program, [
		`--config.file=${join(home, "prometheus-otlp.yml")}`,
		`--storage.tsdb.path=${join(home, "data")}`,
		`--web.listen-address=127.0.0.1:${port}`,
		"--web.enable-otlp-receiver",
	]);
	return ready(port, "/-/ready");
}

/** It scrapes as well, under another job, so that both ways into it can be told apart. */
export async function startVictoriaMetrics(
	test: Cleaner,
	tools: Tools,
	metrics: string,
): Promise<Store> {
	const home = temporary(test);
	const file = join(home, "scrape.yml");
	const shipped = join(SHIPPED, "victoria-metrics", "scrape.yml");
	const config = pointedAt(shipped, metrics);
	for (const job of config.scrape_configs) job.job_name = SCRAPED_JOB;
	writeFileSync(file, stringify(config));
	const port = await freePort();
	start(test, tools["victoria-metrics"], [
		`-promscrape.config=${file}`,
		`-storageDataPath=${join(home, "data")}`,
		`-httpListenAddr=127.0.0.1:${port}`,
		// What came is seen at once.
		"-search.latencyOffset=0s",
	]);
	return ready(port, "/health");
}

export const SCRAPED_JOB = "scraped";

interface ScrapeConfig {
	readonly global: Record<string, string>;
	readonly scrape_configs: {
		job_name: string;
		static_configs: { targets: string[] }[];
	}[];
}

function pointedAt(file: string, metrics: string): ScrapeConfig {
	const config = parse(readFileSync(file, "utf8")) as ScrapeConfig;
	for (const name of Object.keys(config.global)) config.global[name] = INTERVAL;
	for (const { static_configs } of config.scrape_configs)
		for (const one of static_configs) one.targets = [metrics];
	return config;
}

/** Groups with an interval of their own. */
function hurry(file: string): void {
	const { groups } = parse(readFileSync(file, "utf8")) as {
		readonly groups: { interval?: string }[];
	};
	for (const group of groups) group.interval = INTERVAL;
	writeFileSync(file, stringify({ groups }));
}

function temporary(test: Cleaner): string {
	const path = mkdtempSync(join(tmpdir(), "saccade-chain-"));
	test.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

function start(
	test: Cleaner,
	program: string,
	args: readonly string[],
): ChildProcess {
	const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
	let errors = "";
	child.stderr?.on("data", (text: Buffer) => {
		errors = (errors + text.toString()).slice(-2000);
	});
	let isWanted = true;
	child.on("exit", (code) => {
		if (isWanted) throw new Error(`${program} ended with ${code}: ${errors}`);
	});
	test.after(async () => {
		isWanted = false;
		const ended = once(child, "exit");
		child.kill("SIGKILL");
		await ended;
	});
	return child;
}

async function ready(port: number, path: string): Promise<Store> {
	const url = `http://127.0.0.1:${port}`;
	await until(`${url}${path} answers`, () =>
		fetch(`${url}${path}`).then(
			({ ok }) => ok,
			() => false,
		),
	);
	const get = async (path: string): Promise<unknown> => {
		const answer = await fetch(`${url}${path}`);
		const text = await answer.text();
		assert.equal(answer.status, 200, `${path}: ${text}`);
		return JSON.parse(text);
	};
	return { url, get, query: (expr) => query(get, expr) };
}

interface Vector {
	readonly data: {
		readonly result: readonly {
			readonly metric: Readonly<Record<string, string>>;
			readonly value: readonly [number, string];
		}[];
	};
}

async function query(
	get: Store["get"],
	expr: string,
): Promise<readonly StoredSample[]> {
	const search = new URLSearchParams({ query: expr });
	const { data } = (await get(`/api/v1/query?${search}`)) as Vector;
	return data.result.map(({ metric, value: [atS, text] }) => {
		const { __name__: name = "", ...labels } = metric;
		return {
			name,
			labels,
			atS,
			value: text === "+Inf" ? Infinity : Number(text),
		};
	});
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	assert.ok(address !== null && typeof address === "object");
	server.close();
	await once(server, "close");
	return address.port;
}
