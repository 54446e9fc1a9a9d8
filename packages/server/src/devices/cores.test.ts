import assert from "node:assert/strict";
import os from "node:os";
import { describe, test } from "node:test";
import { readCores } from "./cores.ts";

function quotaOf(files: Readonly<Record<string, string>>): number {
	return readCores((path) => files[path] ?? null).quota;
}

const V2 = "0::";
const ROOT = "/sys/fs/cgroup";

describe("control groups of version 2", () => {
	test("in a container the root is the own group", () => {
		const own = { "/proc/self/cgroup": `${V2}/\n` };
		assert.equal(
			quotaOf({ ...own, [`${ROOT}/cpu.max`]: "200000 100000\n" }),
			2,
		);
		assert.equal(
			quotaOf({ ...own, [`${ROOT}/cpu.max`]: "150000 100000\n" }),
			1.5,
		);
		assert.equal(
			quotaOf({ ...own, [`${ROOT}/cpu.max`]: "max 100000\n" }),
			Number.POSITIVE_INFINITY,
		);
	});

	test("on a host the smallest quota on the way to the root counts", () => {
		const files = {
			"/proc/self/cgroup": `${V2}/system.slice/saccade.service\n`,
			[`${ROOT}/system.slice/saccade.service/cpu.max`]: "max 100000\n",
			[`${ROOT}/system.slice/cpu.max`]: "300000 100000\n",
		};
		assert.equal(quotaOf(files), 3);
		assert.equal(
			quotaOf({
				...files,
				[`${ROOT}/system.slice/saccade.service/cpu.max`]: "50000 100000\n",
			}),
			0.5,
		);
	});

	test("of others do not count", () => {
		const files = {
			"/proc/self/cgroup": `${V2}/a\n`,
			[`${ROOT}/b/cpu.max`]: "100000 100000\n",
		};
		assert.equal(quotaOf(files), Number.POSITIVE_INFINITY);
	});
});

describe("control groups of version 1", () => {
	const OWN = {
		"/proc/self/cgroup":
			"12:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n1:name=systemd:/docker/x\n",
	};

	for (const mount of ["cpu,cpuacct", "cpu"])
		test(`are read where they are mounted, ${mount}, below or at the root`, () => {
			for (const group of ["/docker/x", ""])
				assert.equal(
					quotaOf({
						...OWN,
						[`${ROOT}/${mount}${group}/cpu.cfs_quota_us`]: "250000\n",
						[`${ROOT}/${mount}${group}/cpu.cfs_period_us`]: "100000\n",
					}),
					2.5,
				);
		});

	test("have no quota when it is -1", () => {
		assert.equal(
			quotaOf({
				...OWN,
				[`${ROOT}/cpu/cpu.cfs_quota_us`]: "-1\n",
				[`${ROOT}/cpu/cpu.cfs_period_us`]: "100000\n",
			}),
			Number.POSITIVE_INFINITY,
		);
	});
});

describe("usable cores", () => {
	const withQuota = (text: string) =>
		readCores(
			(path) =>
				({ "/proc/self/cgroup": "0::/", [`${ROOT}/cpu.max`]: text })[path] ??
				null,
		).usable;

	test("are at least one, and a part of a core is one", () => {
		assert.equal(withQuota("1000 100000"), 1);
		assert.equal(
			withQuota("110000 100000"),
			Math.min(2, os.availableParallelism()),
		);
	});

	test("are no more than this process may be scheduled on", () => {
		assert.equal(withQuota("9900000 100000"), os.availableParallelism());
		assert.equal(withQuota("nonsense"), os.availableParallelism());
	});

	test("are known on a machine without control groups", () => {
		const { usable, quota, machine } = readCores(() => null);
		assert.equal(usable, os.availableParallelism());
		assert.equal(quota, Number.POSITIVE_INFINITY);
		assert.equal(machine, os.cpus().length);
	});
});
