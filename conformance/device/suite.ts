// What every device must do, whatever it is made of, and what the manager makes of it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "../../packages/server/src/common/manual-clock.ts";
import type { Device } from "../../packages/server/src/devices/device.ts";
import { DeviceManager } from "../../packages/server/src/devices/device-manager.ts";

export interface DeviceSubject {
	readonly name: string;
	create(clock: ManualClock): Device;
}

export function testDevice(subject: DeviceSubject): void {
	describe(`device ${subject.name}`, () => {
		const clock = new ManualClock(1_000_000);
		const device = subject.create(clock);

		test("has a name that can be a metric label, and a kind", () => {
			assert.match(device.name, /^[\w.-]+$/);
			assert.ok(["cpu", "gpu", "simulated"].includes(device.kind));
			assert.ok(device.uuid === null || device.uuid.length > 0);
		});

		test("has threads of ours exactly when its runs take them", () => {
			assert.ok(Number.isInteger(device.threadCount));
			assert.equal(device.threadCount > 0, device.kind !== "gpu");
			assert.equal(device.cudaIndex !== null, device.kind === "gpu");
		});

		test("uses no more memory than it has, or does not say", () => {
			const memory = device.memory();
			if (memory === null) return;
			assert.ok(memory.usedBytes >= 0);
			assert.ok(memory.usedBytes <= memory.totalBytes);
			assert.ok(Number.isFinite(memory.totalBytes));
		});

		test("is busy for a share of the time, or does not say", () => {
			const share = device.utilization();
			assert.ok(share === null || (share >= 0 && share <= 1), `${share}`);
		});

		test("is found by its name and UUID, loaded by its runs, and lost and probed as any other", () => {
			const manager = new DeviceManager([device], { clock });
			const logical = manager.find(device.name);
			assert.ok(logical !== null);
			if (device.uuid !== null)
				assert.equal(manager.find(device.uuid), logical);
			const idle = logical.score();
			logical.load.begin(clock.nowUs());
			clock.advance(2_000_000);
			assert.equal(logical.score(), 1);
			logical.load.end(clock.nowUs());
			clock.advance(2_000_000);
			assert.equal(logical.score(), idle);
			let done: ((isAnswered: boolean) => void) | undefined;
			logical.health.addProbe({
				limitUs: () => 1000,
				run: (tell) => {
					done = tell;
				},
			});
			logical.health.runLost("failed");
			assert.equal(logical.health.isHealthy, false);
			done?.(true);
			assert.equal(logical.health.isHealthy, true);
			manager.close();
			assert.equal(clock.pendingCount, 0);
		});
	});
}
