// What would stop this machine from serving, and how to mend it; and what it is.
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import { readCores } from "../devices/cores.ts";
import { findOrtLibrary } from "../runtime/onnx/library.ts";
import { createOnnxRuntime } from "../runtime/onnx/onnx-runtime.ts";
import { VERSION } from "./version.ts";

export interface Finding {
	readonly check: string;
	readonly result: "ok" | "warn" | "fail";
	readonly detail: string;
	/** What to do; empty when all is well. */
	readonly remedy: string;
}

const NEEDED_NODE = 24;
const LOW_MEMORY_BYTES = 512 * 1024 * 1024;
const LOW_FILES = 1024;

/** @param repositories to look at */
export async function diagnose(
	repositories: readonly string[],
	ports: readonly number[],
): Promise<Finding[]> {
	return [
		checkNode(),
		checkLibrary(),
		checkCores(),
		checkMemory(),
		checkFiles(),
		...repositories.map(checkRepository),
		...(await Promise.all(ports.map(checkPort))),
	];
}

export interface SystemInfo {
	readonly saccade: string;
	readonly node: string;
	readonly platform: string;
	readonly cores: ReturnType<typeof readCores>;
	readonly memoryBytes: number;
	readonly onnxruntime: {
		readonly version: string;
		readonly library: string;
		readonly providers: readonly string[];
	} | null;
}

export function systemInfo(): SystemInfo {
	return {
		saccade: VERSION,
		node: process.version,
		platform: `${process.platform}-${process.arch}`,
		cores: readCores(),
		memoryBytes: memoryBytes(),
		onnxruntime: libraryInfo(),
	};
}

function libraryInfo(): SystemInfo["onnxruntime"] {
	try {
		const runtime = createOnnxRuntime({
			poolThreads: 4,
			intraOpThreadCount: 1,
		});
		const info = {
			version: runtime.version,
			library: findOrtLibrary(),
			providers: runtime.availableProviders(),
		};
		runtime.close();
		return info;
	} catch {
		return null;
	}
}

function finding(
	check: string,
	result: Finding["result"],
	detail: string,
	remedy = "",
): Finding {
	return { check, result, detail, remedy };
}

function checkNode(): Finding {
	const major = Number(process.versions.node.split(".")[0]);
	return major >= NEEDED_NODE
		? finding("Node", "ok", process.version)
		: finding(
				"Node",
				"fail",
				process.version,
				`run by Node ${NEEDED_NODE}: start through the saccade command`,
			);
}

function checkLibrary(): Finding {
	try {
		const runtime = createOnnxRuntime({
			poolThreads: 4,
			intraOpThreadCount: 1,
		});
		const detail = `${runtime.version}, providers ${runtime.availableProviders().join(", ")}`;
		runtime.close();
		return finding("ONNX Runtime", "ok", detail);
	} catch (error) {
		return finding(
			"ONNX Runtime",
			"fail",
			String(error),
			"install the platform's package again, or name a library with --onnxruntime-library",
		);
	}
}

function checkCores(): Finding {
	const { machine, affinity, quota, usable } = readCores();
	const detail = `${usable} usable of ${machine} (affinity ${affinity}, quota ${quota})`;
	return usable >= 2
		? finding("Cores", "ok", detail)
		: finding(
				"Cores",
				"warn",
				detail,
				"one core serves and runs models by turns; two or more are better",
			);
}

function checkMemory(): Finding {
	const bytes = memoryBytes();
	const detail = `${Math.round(bytes / 2 ** 20)} MiB`;
	return bytes >= LOW_MEMORY_BYTES
		? finding("Memory", "ok", detail)
		: finding(
				"Memory",
				"warn",
				detail,
				"raise the container's memory limit, or lower --body-budget",
			);
}

function memoryBytes(): number {
	const constrained = process.constrainedMemory();
	return constrained > 0 && constrained < os.totalmem()
		? constrained
		: os.totalmem();
}

function checkFiles(): Finding {
	const limit = openFilesLimit();
	if (limit === null) return finding("Open files", "ok", "no limit known");
	return limit >= LOW_FILES
		? finding("Open files", "ok", `limit ${limit}`)
		: finding(
				"Open files",
				"warn",
				`limit ${limit}`,
				"each connection takes one: raise it with ulimit -n",
			);
}

function openFilesLimit(): number | null {
	try {
		const soft = /Max open files\s+(\d+)/.exec(
			readFileSync("/proc/self/limits", "utf8"),
		)?.[1];
		return soft === undefined ? null : Number(soft);
	} catch {
		return null;
	}
}

function checkRepository(path: string): Finding {
	try {
		if (statSync(path).isDirectory()) return finding("Repository", "ok", path);
	} catch {
		// Told below.
	}
	return finding(
		"Repository",
		"fail",
		path,
		"create the directory, or name another with --model-repository",
	);
}

function checkPort(port: number): Promise<Finding> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once("error", (error: NodeJS.ErrnoException) =>
			resolve(
				finding(
					`Port ${port}`,
					"fail",
					error.code ?? error.message,
					"stop what uses it, or choose another port",
				),
			),
		);
		server.listen(port, "127.0.0.1", () =>
			server.close(() => resolve(finding(`Port ${port}`, "ok", "free"))),
		);
	});
}
