// What compute this process may use: the smallest of the machine's cores, the CPU affinity and the cgroup's quota.
import { readFileSync } from "node:fs";
import os from "node:os";

export interface CoreFacts {
	readonly machine: number;
	/** Cores this process may be scheduled on (affinity). */
	readonly affinity: number;
	/** CPU seconds a second, by cgroup v2 or v1; Infinity without a quota. */
	readonly quota: number;
	/** What to plan with: at least 1. */
	readonly usable: number;
}

type ReadFile = (path: string) => string | null;

export function readCores(readFile: ReadFile = readText): CoreFacts {
	const machine = os.cpus().length;
	const affinity = os.availableParallelism();
	const quota =
		cgroupV2Quota(readFile) ??
		cgroupV1Quota(readFile) ??
		Number.POSITIVE_INFINITY;
	const usable = Math.max(1, Math.min(affinity, Math.ceil(quota)));
	return { machine, affinity, quota, usable };
}

/** `cpu.max`: "max 100000" or "200000 100000". */
function cgroupV2Quota(readFile: ReadFile): number | null {
	const text = readFile("/sys/fs/cgroup/cpu.max") ?? "";
	const [quota, period] = text.trim().split(" ");
	return ratio(quota, period);
}

function cgroupV1Quota(readFile: ReadFile): number | null {
	return ratio(
		readFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")?.trim(),
		readFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us")?.trim(),
	);
}

/** Null without a quota: "max", −1 or no file. */
function ratio(
	quota: string | undefined,
	period: string | undefined,
): number | null {
	const value = Number(quota) / Number(period);
	return value > 0 ? value : null;
}

function readText(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return null;
	}
}
