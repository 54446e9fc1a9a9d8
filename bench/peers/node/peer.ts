// A plain Node server, `server.ts`: fastify from npm, in `.cache/peers/node`.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../lib/server-process.ts";
import { makeHome, startChild } from "../child-server.ts";
import type { Peer, SetUp, StartOptions } from "../peer.ts";
import { layouts, PLAIN } from "../settings.ts";

const here = import.meta.dirname;
const modules = join(here, "../../../.cache/peers/node");
/** One per core of the machines this is written for. */
const DEFAULT_WORKERS = 2;
const LOCK = "package-lock.json";

function setUp(): SetUp {
	const { dependencies } = JSON.parse(
		readFileSync(join(here, "package.json"), "utf8"),
	) as { dependencies: Record<string, string> };
	const version = `fastify ${dependencies["fastify"]}`;
	if (isCurrent()) return { kind: "ready", version };
	mkdirSync(modules, { recursive: true });
	for (const file of ["package.json", LOCK])
		copyFileSync(join(here, file), join(modules, file));
	const { status, stderr, error } = spawnSync(
		"npm",
		["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
		{ cwd: modules, encoding: "utf8" },
	);
	if (status === 0) return { kind: "ready", version };
	const reason = `npm ci: ${error?.message ?? stderr.trim().split("\n").at(-1)}`;
	return { kind: "missing", reason };
}

function isCurrent(): boolean {
	const installed = join(modules, LOCK);
	return (
		existsSync(join(modules, "node_modules", "fastify")) &&
		readFileSync(installed, "utf8") === readFileSync(join(here, LOCK), "utf8")
	);
}

async function start({ served, settings }: StartOptions) {
	const [port = 0] = await freePorts(1);
	return startChild({
		program: process.execPath,
		args: ["-C", "source", join(here, "server.ts")],
		env: {
			PEER_MODEL: served.file,
			PEER_HTTP_PORT: String(port),
			PEER_WORKERS: String(settings.workers),
			PEER_THREADS: String(settings.threads),
			PEER_QUEUE_LIMIT: String(settings.queueLimit),
			PEER_MODULES: modules,
		},
		ready: { port, path: "/ready" },
		port,
		home: makeHome(),
	});
}

export const node: Peer = {
	name: "node",
	wire: { kind: "http", route: { path: "/predict", body: "bytes" } },
	setUp,
	choose: ({ cores }) => ({
		defaults: { ...PLAIN, workers: DEFAULT_WORKERS },
		candidates: [
			...layouts({ maxBatch: 1, cores }, 0),
			{ ...PLAIN, threads: cores },
		],
	}),
	start,
};
