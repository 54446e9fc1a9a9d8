// What compute this process may use: the smallest of the machine's cores, the CPU affinity and the quotas of its
// control group and of every group above it.
// https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, https://docs.kernel.org/scheduler/sched-bwc.html
import { readFileSync } from "node:fs";
import os from "node:os";
import { posix } from "node:path";

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
	const quota = readQuota(readFile);
	const usable = Math.max(1, Math.min(affinity, Math.ceil(quota)));
	return { machine, affinity, quota, usable };
}

const MOUNT = "/sys/fs/cgroup";
/** Where distributions mount the CPU controller of version 1. */
const V1_MOUNTS = [`${MOUNT}/cpu,cpuacct`, `${MOUNT}/cpu`];

/** The smallest quota on the way from this process's group to the root; Infinity where there is none. */
function readQuota(readFile: ReadFile): number {
	const quotas = groupsOf(readFile("/proc/self/cgroup") ?? "").flatMap(
		({ controllers, path }) => {
			// Inside a container the groups above, and often the own path, are not mounted: then the root stands for it.
			const groups = withAncestors(path);
			if (controllers === "")
				return groups.map((group) => v2Quota(readFile, MOUNT + group));
			if (!controllers.split(",").includes("cpu")) return [];
			return V1_MOUNTS.flatMap((mount) =>
				groups.map((group) => v1Quota(readFile, mount + group)),
			);
		},
	);
	return Math.min(Number.POSITIVE_INFINITY, ...quotas);
}

interface Group {
	/** Of version 1, e.g. "cpu,cpuacct"; empty for version 2. */
	readonly controllers: string;
	readonly path: string;
}

/** Lines of `/proc/self/cgroup`: "hierarchy:controllers:path". */
function groupsOf(text: string): Group[] {
	return [...text.matchAll(/^\d+:([^:]*):(\/.*)$/gm)].map(
		([, controllers = "", path = "/"]) => ({ controllers, path }),
	);
}

/** "/a/b" → "/a/b", "/a", "". */
function withAncestors(path: string): string[] {
	const groups: string[] = [];
	for (let at = posix.normalize(path); at !== "/"; at = posix.dirname(at))
		groups.push(at);
	return [...groups, ""];
}

/** `cpu.max`: "max 100000" or "200000 100000". */
function v2Quota(readFile: ReadFile, group: string): number {
	const text = readFile(`${group}/cpu.max`) ?? "";
	const [quota, period] = text.trim().split(" ");
	return ratio(quota, period);
}

/** A quota of −1 is none. */
function v1Quota(readFile: ReadFile, group: string): number {
	return ratio(
		readFile(`${group}/cpu.cfs_quota_us`)?.trim(),
		readFile(`${group}/cpu.cfs_period_us`)?.trim(),
	);
}

function ratio(quota: string | undefined, period: string | undefined): number {
	const value = Number(quota) / Number(period);
	return value > 0 ? value : Number.POSITIVE_INFINITY;
}

function readText(path: string): string | null {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return null;
	}
}
