// The cores that threads may run on, where the system lets a process say so: Linux.
// https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html
import { readFileSync } from "node:fs";
import koffi from "koffi";
import { SaccadeError } from "../errors/saccade-error.ts";
import { MOST_CORES, parseCoreList, showCoreList } from "./core-list.ts";

type SetAffinity = (tid: number, maskBytes: number, mask: Uint8Array) => number;

const CALLING_THREAD = 0;

/** Of this process's first thread; null where nothing tells. */
export function allowedCores(): readonly number[] | null {
	if (process.platform !== "linux") return null;
	let status: string;
	try {
		status = readFileSync("/proc/self/status", "utf8");
	} catch {
		return null;
	}
	const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
	return list === undefined ? null : parseCoreList(list);
}

/** Keeps the calling thread, and those that it starts from now on, on `cores`. Throws UNSUPPORTED where it cannot be. */
export function stayOn(cores: readonly number[]): void {
	const mask = new Uint8Array(MOST_CORES / 8);
	for (const core of cores) mask[core >> 3]! |= 1 << (core & 7);
	if (findSetAffinity()(CALLING_THREAD, mask.length, mask) !== 0)
		throw new SaccadeError(
			"UNSUPPORTED",
			`the system keeps no thread on core ${showCoreList(cores)}`,
		);
}

function findSetAffinity(): SetAffinity {
	const parameters = ["int", "size_t", "void *"];
	// null: whatever C library is loaded already, also one of another name than glibc's.
	return koffi
		.load(null)
		.func("sched_setaffinity", "int", parameters) as unknown as SetAffinity;
}
