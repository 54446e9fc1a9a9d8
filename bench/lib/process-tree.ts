// A server of many processes: all of them from the first one's id, to be measured, paused and ended together.
import { readdirSync, readFileSync } from "node:fs";
import { residentMb } from "./machine.ts";

export interface ProcessFacts {
	readonly pid: number;
	readonly parent: number;
	readonly session: number;
}

/** The root first, then its descendants and what else is in its session: an orphan keeps that. */
export function membersOf(
	root: number,
	processes: readonly ProcessFacts[],
): number[] {
	const members = new Set([root]);
	let grew = true;
	while (grew) {
		grew = false;
		for (const { pid, parent, session } of processes) {
			if (members.has(pid)) continue;
			if (!members.has(parent) && session !== root) continue;
			members.add(pid);
			grew = true;
		}
	}
	return [...members];
}

/** Of a process that leads a session of its own (`detached`). */
export function processTree(root: number): number[] {
	return membersOf(root, allProcesses());
}

function allProcesses(): ProcessFacts[] {
	const found: ProcessFacts[] = [];
	for (const name of readdirSync("/proc")) {
		if (!/^\d+$/.test(name)) continue;
		const fields = statFields(Number(name));
		if (fields !== null)
			found.push({
				pid: Number(name),
				parent: Number(fields[1]),
				session: Number(fields[3]),
			});
	}
	return found;
}

/** From the state on (proc(5)); null: it ended, or is a zombie. */
function statFields(pid: number): string[] | null {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, "utf8");
		const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
		return fields[0] === "Z" ? null : fields;
	} catch {
		return null;
	}
}

export function isAlive(pid: number): boolean {
	return statFields(pid) !== null;
}

/** To each that is still there. */
export function signalAll(
	pids: readonly number[],
	signal: NodeJS.Signals,
): void {
	for (const pid of pids)
		try {
			process.kill(pid, signal);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
		}
}

/** Pages that processes share count once: `Pss` of smaps_rollup (proc(5)). Walks the page tables, so not while busy. */
export function proportionalMb(pids: readonly number[]): number {
	return sum(pids, (pid) => {
		const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
		return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
	});
}

/** Pages that processes share count for each: good for differences. */
export function totalResidentMb(pids: readonly number[]): number {
	return sum(pids, residentMb);
}

/** Without those that end meanwhile. */
function sum(pids: readonly number[], value: (pid: number) => number): number {
	let total = 0;
	for (const pid of pids)
		try {
			const one = value(pid);
			if (!Number.isNaN(one)) total += one;
		} catch {}
	return total;
}
