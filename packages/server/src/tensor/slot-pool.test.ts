import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	ALIGNMENT,
	type Placement,
	SLOT_BYTES,
	SlotPool,
} from "./slot-pool.ts";

function place(pool: SlotPool, byteLength: number, alignAt = 0): Placement {
	const placement = pool.place(byteLength, alignAt);
	assert.ok(placement !== null);
	return placement;
}

test("small bodies share one slab, and it comes back after the last of them", () => {
	const pool = new SlotPool();
	const first = place(pool, 300);
	const second = place(pool, 300);
	assert.equal(first.bytes.buffer, second.bytes.buffer);
	assert.equal(pool.allocatedCount, 1);
	first.lease.release();
	second.lease.release();
	assert.equal(pool.leasedCount, 0);
});

test("a slot is reused after its release, so steady state allocates nothing", () => {
	const pool = new SlotPool();
	for (let i = 0; i < 100; i++) place(pool, 600_000).lease.release();
	assert.equal(pool.allocatedCount, 1);
	assert.equal(pool.leasedCount, 0);
});

test("releasing a lease twice throws instead of lending the bytes to two owners", () => {
	const pool = new SlotPool();
	const { lease } = place(pool, SLOT_BYTES);
	lease.release();
	assert.throws(() => lease.release(), /released twice/);
});

test("the byte at alignAt falls on a cache line of the slot", () => {
	const pool = new SlotPool();
	for (const alignAt of [0, 1, 63, 64, 107]) {
		const { bytes, lease } = place(pool, 100_000, alignAt);
		assert.equal((bytes.byteOffset + alignAt) % ALIGNMENT, 0);
		lease.release();
	}
});

test("placements that live at the same time never overlap, and all come back", () => {
	fc.assert(
		fc.property(
			fc.array(
				fc.record({
					size: fc.integer({ min: 0, max: 200_000 }),
					alignAt: fc.integer({ min: 0, max: 500 }),
					releaseIndex: fc.nat(),
				}),
				{ maxLength: 60 },
			),
			(steps) => {
				const pool = new SlotPool();
				let live: { fill: number; bytes: Uint8Array; release(): void }[] = [];
				for (const [fill, step] of steps.entries()) {
					const { bytes, lease } = place(pool, step.size, step.alignAt);
					assert.equal(bytes.byteLength, step.size);
					bytes.fill(fill);
					live.push({ fill, bytes, release: () => lease.release() });
					if (step.releaseIndex % 3 === 0) {
						const gone = live[step.releaseIndex % live.length];
						live = live.filter((entry) => entry !== gone);
						gone?.release();
					}
					for (const entry of live)
						assert.ok(entry.bytes.every((byte) => byte === entry.fill));
				}
				for (const entry of live) entry.release();
				assert.equal(pool.leasedCount, 0);
			},
		),
		{ seed: 1, numRuns: 100 },
	);
});

test("a pool lends no more than its limit, and lends again after a release", () => {
	const pool = new SlotPool(4 * SLOT_BYTES);
	const held = Array.from({ length: 4 }, () => place(pool, SLOT_BYTES));
	assert.equal(pool.place(SLOT_BYTES), null);
	assert.equal(pool.place(10), null);
	held[0]?.lease.release();
	place(pool, SLOT_BYTES).lease.release();
	assert.equal(pool.leasedBytes, 3 * SLOT_BYTES);
});

test("a body on its way takes from the limit what has arrived, and gives it back", () => {
	const pool = new SlotPool(4 * SLOT_BYTES);
	const announced = Array.from({ length: 10 }, () => {
		const placement = pool.placeArriving(3 * SLOT_BYTES, 10);
		assert.ok(placement !== null);
		assert.equal((placement.bytes.byteOffset + 10) % ALIGNMENT, 0);
		return placement;
	});
	assert.equal(pool.leasedBytes, 0);
	const [first, second] = announced;
	assert.ok(first !== undefined && second !== undefined);
	assert.ok(first.arrived(3 * SLOT_BYTES));
	assert.ok(second.arrived(SLOT_BYTES));
	assert.equal(second.arrived(SLOT_BYTES + 1), false);
	assert.equal(pool.leasedBytes, 4 * SLOT_BYTES);
	first.lease.release();
	assert.ok(second.arrived(3 * SLOT_BYTES));
	for (const { lease } of announced.slice(1)) lease.release();
	assert.equal(pool.leasedBytes, 0);
	assert.equal(pool.leasedCount, 0);
});

test("a length that can never fit, or that no memory holds, is refused at once", () => {
	assert.equal(new SlotPool(SLOT_BYTES).placeArriving(SLOT_BYTES + 1), null);
	assert.equal(new SlotPool().placeArriving(Number.MAX_SAFE_INTEGER), null);
});

test("what is kept elsewhere counts until its lease ends", () => {
	const pool = new SlotPool(1000);
	const reservation = pool.reserve();
	assert.ok(reservation.take(600));
	assert.equal(reservation.take(401), false);
	assert.ok(reservation.take(400));
	assert.equal(pool.leasedBytes, 1000);
	assert.equal(pool.leasedCount, 1);
	reservation.lease.release();
	assert.equal(pool.leasedBytes, 0);
	assert.equal(pool.leasedCount, 0);
});
