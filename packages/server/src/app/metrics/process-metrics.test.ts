import assert from "node:assert/strict";
import { test } from "node:test";
import { collectGarbage } from "../../common/collect-garbage.ts";
import { INSTRUMENTS } from "../../telemetry/instruments.ts";
import { MetricsRegistry } from "../../telemetry/registry.ts";
import { LocalByteBudget } from "../../tensor/byte-budget.ts";
import { parseProcStat } from "./machine-cpu.ts";
import { ProcessMetrics } from "./process-metrics.ts";

const NETWORK = {
	httpConnections: 0,
	grpcConnections: 2,
	bodyLeases: 3,
	slotAllocations: 4,
	slotIdleBytes: 5,
	landedBytes: 6,
	answeredBytes: 7,
	recopiedBytes: 8,
};

function measure(t: { readonly after: (clean: () => void) => void }) {
	const registry = new MetricsRegistry();
	const budget = new LocalByteBudget(1000);
	budget.take(400);
	const metrics = new ProcessMetrics(registry, {
		budget,
		network: () => NETWORK,
	});
	t.after(() => metrics.close());
	return {
		value: (name: keyof typeof INSTRUMENTS, ...labels: string[]) =>
			registry.counter(INSTRUMENTS[name], labels).value,
		pauses: (part: string) =>
			registry.histogram(INSTRUMENTS.garbageCollection, [part]),
		collect: () => {
			for (const collect of registry.collectors()) collect();
		},
	};
}

test("memory, slots and CPU time are those of the process", (t) => {
	const { collect, value } = measure(t);
	collect();
	const cpuS = value("processCpu", "user") + value("processCpu", "system");
	const before = process.cpuUsage();
	while (process.cpuUsage(before).user < 50_000);
	collect();
	const usedS = value("processCpu", "user") + value("processCpu", "system");
	assert.ok(usedS - cpuS >= 0.05, `${usedS - cpuS}`);
	assert.ok(value("heapBytes", "used") > 1e6);
	assert.ok(
		value("residentBytes") >
			value("heapBytes", "used") + value("heapBytes", "free"),
	);
	assert.deepEqual(
		[value("bodyBytes"), value("bodyLimitBytes"), value("slots")],
		[400, 1000, 3],
	);
	assert.deepEqual([value("slotAllocations"), value("slotIdleBytes")], [4, 5]);
	assert.ok(value("cpuUtilization") > 0);
	assert.ok(value("cpuUtilization") <= 1);
});

test("a collection of garbage is counted with its pause, from the first look on", async (t) => {
	const { collect, pauses } = measure(t);
	collectGarbage();
	collect();
	await new Promise(setImmediate);
	const { count, sum } = pauses("major");
	collectGarbage();
	// Node tells observers in a turn of its own.
	while (pauses("major").count === count) await new Promise(setImmediate);
	assert.ok(pauses("major").sum > sum);
});

test("busy time of the machine leaves out waiting, and guests once", () => {
	const text = "cpu  100 20 30 1000 50 5 6 7 90 9\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
	assert.deepEqual(parseProcStat(text), { busy: 168, total: 1218 });
});
