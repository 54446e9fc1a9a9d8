// `saccade sysinfo`: facts for a bug report. None of them is a secret.
import os from "node:os";
import { readRuntimeFacts } from "../app/runtime-facts.ts";
import { VERSION } from "../app/version.ts";
import { readCores } from "../devices/cores.ts";
import { memoryLimitBytes } from "./doctor/memory.ts";
import { formatTable } from "./table.ts";

const GIB = 1024 ** 3;

export async function sysinfo(flags: {
	readonly json?: boolean;
}): Promise<void> {
	const facts = readSystemFacts();
	if (flags.json === true) console.log(JSON.stringify(facts, null, 2));
	else console.log(formatTable(Object.entries(facts).map(toRow)));
}

function readSystemFacts() {
	const cores = readCores();
	const runtime = readRuntimeFacts();
	return {
		saccade: VERSION,
		node: process.version,
		platform: `${process.platform} ${process.arch} ${os.release()}`,
		cpu: os.cpus()[0]?.model ?? "unknown",
		coresOfMachine: cores.machine,
		coresUsable: cores.usable,
		cpuQuota: Number.isFinite(cores.quota) ? cores.quota : null,
		memoryGib: round(os.totalmem() / GIB),
		memoryLimitGib: round(memoryLimitBytes() / GIB),
		runtime: `${runtime.name} ${runtime.version}`,
		library: runtime.libraryPath,
		providers: runtime.providers,
	};
}

function toRow([name, value]: [string, unknown]): string[] {
	if (value === null) return [name, "none"];
	return [name, Array.isArray(value) ? value.join(", ") : String(value)];
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
