// A peer that comes from PyPI: a virtual environment of its own in `.cache/peers`, with every package pinned, and one
// script that serves the model of `python/onnx_model.py`.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { preparePython } from "../../conformance/python/environment.ts";
import { freePorts } from "../lib/server-process.ts";
import { type ChildCommand, makeHome, startChild } from "./child-server.ts";
import type {
	Peer,
	PeerServer,
	PeerWire,
	SetUp,
	StartOptions,
} from "./peer.ts";

export interface PythonPeer {
	readonly name: string;
	/** As PyPI names it. */
	readonly distribution: string;
	readonly wire: PeerWire;
	readonly staysAwake?: boolean;
	/** Where a GET is answered with 200 as soon as the model is served. */
	readyPath(model: string): string;
	readonly choose: Peer["choose"];
	/** What starts it. @param python the environment's interpreter */
	command(python: string, start: PythonStart): Command;
}

export interface PythonStart extends StartOptions {
	readonly httpPort: number;
	readonly grpcPort: number;
	readonly metricsPort: number;
	readonly home: string;
}

export interface Command {
	readonly program: string;
	readonly args: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
}

const here = import.meta.dirname;

export function pythonPeer(peer: PythonPeer): Peer {
	const requirements = join(here, peer.name, "requirements.txt");
	const environment = join("peers", peer.name);
	return {
		name: peer.name,
		wire: peer.wire,
		staysAwake: peer.staysAwake ?? false,
		choose: peer.choose,
		setUp: () => setUpPython(environment, requirements, peer.distribution),
		start: (options) =>
			startPython(peer, preparePython(environment, requirements), options),
	};
}

function setUpPython(
	environment: string,
	requirements: string,
	distribution: string,
): SetUp {
	try {
		preparePython(environment, requirements);
		return {
			kind: "ready",
			version: pinnedVersion(readFileSync(requirements, "utf8"), distribution),
		};
	} catch (error) {
		return { kind: "missing", reason: (error as Error).message };
	}
}

/** `mlserver 1.7.1` */
export function pinnedVersion(
	requirements: string,
	distribution: string,
): string {
	const line = requirements
		.split("\n")
		.find((one) => one.startsWith(`${distribution}==`));
	if (line === undefined) throw new Error(`${distribution} is not pinned`);
	return line.replace("==", " ");
}

async function startPython(
	peer: PythonPeer,
	python: string,
	options: StartOptions,
): Promise<PeerServer> {
	const [httpPort = 0, grpcPort = 0, metricsPort = 0] = await freePorts(3);
	const home = makeHome();
	const start = { ...options, httpPort, grpcPort, metricsPort, home };
	const { program, args, env } = peer.command(python, start);
	const command: ChildCommand = {
		program,
		args,
		env: { ...variablesOf(start, join(here, peer.name)), ...env },
		ready: { port: httpPort, path: peer.readyPath(options.served.model.name) },
		port: peer.wire.kind === "grpc" ? grpcPort : httpPort,
		home,
	};
	return startChild(command);
}

/** Read by `python/onnx_model.py` and the scripts. */
function variablesOf(
	{ served, settings, tuned, httpPort, grpcPort, home }: PythonStart,
	folder: string,
): Record<string, string> {
	return {
		PYTHONPATH: [join(here, "python"), folder].join(":"),
		PYTHONDONTWRITEBYTECODE: "1",
		PEER_NAME: served.model.name,
		PEER_MODEL: served.file,
		PEER_HTTP_PORT: String(httpPort),
		PEER_GRPC_PORT: String(grpcPort),
		PEER_HOME: home,
		PEER_TUNED: tuned ? "1" : "0",
		PEER_WORKERS: String(settings.workers),
		PEER_THREADS: String(settings.threads),
		PEER_MAX_BATCH: String(settings.maxBatch),
		PEER_DELAY_MS: String(settings.delayMs),
		PEER_QUEUE_LIMIT: String(settings.queueLimit),
	};
}

/** `script.py` of the peer's folder, by the environment's interpreter. */
export function runScript(python: string, script: string): Command {
	return { program: python, args: [join(here, script)] };
}

/** A program that the environment installed. */
export function programOf(python: string, name: string): string {
	return join(dirname(python), name);
}

/** Where the interpreter that the environment was made from keeps its library. */
export function libraryFolderOf(python: string): string {
	const config = readFileSync(
		join(dirname(dirname(python)), "pyvenv.cfg"),
		"utf8",
	);
	const home = /^home *= *(.+)$/m.exec(config)?.[1] ?? "";
	return join(dirname(home), "lib");
}
