// Where bodies land. Large ones take a slot of a power-of-two class; small ones share a slab, so that a
// 300-byte message does not take 64 KB. Both are leased: the memory returns to the pool with the last release.
//
//   slab  ┌──msg──┬──msg──┬─────free──────┐   one reference a message, one for the pool while it fills
//   slot  ┌──────────one body─────────────┐   one reference
import { type ByteBudget, LocalByteBudget } from "./byte-budget.ts";
import type { Lease } from "./tensor.ts";

/** Smallest slot, and the size of a slab: below it a body shares a slab. */
export const SLOT_BYTES = 64 * 1024;
/** Bodies up to this size share a slab; larger ones would leave too much of it unused. */
const SHARED_UP_TO_BYTES = 16 * 1024;
/** Idle memory kept for reuse; more goes back to the system. */
const IDLE_KEPT_BYTES = 64 * 1024 * 1024;
const NO_MEMORY = new Uint8Array(0);
/** Tensor bytes start at a multiple of a cache line. */
export const ALIGNMENT = 64;

/** Bytes to write into, and the share that keeps them. */
export interface Placement {
	readonly bytes: Uint8Array;
	readonly lease: Lease;
}

/** A placement of bytes that are still on their way. */
export interface ArrivingPlacement extends Placement {
	/** Takes what has arrived so far, `byteCount` in all, from the limit. False when the limit is reached. */
	arrived(byteCount: number): boolean;
}

/** A share of the limit for bytes that somebody keeps elsewhere. */
export interface Reservation {
	readonly lease: Lease;
	/** Takes `byteCount` more. False when the limit is reached. */
	take(byteCount: number): boolean;
}

/** Where the memory of slots comes from. */
export interface SlotMemory {
	/** Throws RangeError when the system has no more. */
	allocate(byteLength: number): Uint8Array;
	/** Nobody looks at it any more. */
	free(memory: Uint8Array): void;
}

const heap: SlotMemory = {
	allocate: (byteLength) => new Uint8Array(byteLength),
	free: () => {},
};

class Slot implements Lease {
	readonly memory: Uint8Array;
	/** What it takes from the limit. */
	chargedBytes = 0;
	readonly #pool: SlotPool;
	#references = 1;

	constructor(pool: SlotPool, memory: Uint8Array) {
		this.#pool = pool;
		this.memory = memory;
	}

	retain(): void {
		this.#references++;
	}

	reuse(): void {
		this.#references = 1;
	}

	release(): void {
		if (this.#references === 0)
			throw new Error("a lease was released twice: its bytes may be in use");
		this.#references--;
		if (this.#references === 0) this.#pool.takeBack(this);
	}
}

export class SlotPool {
	readonly #idle = new Map<number, Slot[]>();
	#idleBytes = 0;
	readonly #budget: ByteBudget;
	readonly #memory: SlotMemory;
	#leasedCount = 0;
	#allocatedCount = 0;
	#slab: Slot | null = null;
	#slabUsedBytes = 0;

	/**
	 * @param budget most bytes that may be on loan at once, or the budget that is shared with others. @default no limit
	 * @param memory @default the heap
	 */
	constructor(
		budget: number | ByteBudget = Number.POSITIVE_INFINITY,
		memory: SlotMemory = heap,
	) {
		this.#budget =
			typeof budget === "number" ? new LocalByteBudget(budget) : budget;
		this.#memory = memory;
	}

	/**
	 * Room for `byteLength` bytes, placed so that the byte at `alignAt` falls on a cache line of the slot.
	 * Contents are undefined. Null when the limit is reached.
	 */
	place(byteLength: number, alignAt = 0): Placement | null {
		const skew = (ALIGNMENT - (alignAt % ALIGNMENT)) % ALIGNMENT;
		if (byteLength <= SHARED_UP_TO_BYTES) return this.#share(byteLength, skew);
		const slot = this.#take(slotBytes(byteLength + skew));
		if (slot === null) return null;
		return {
			bytes: slot.memory.subarray(skew, skew + byteLength),
			lease: slot,
		};
	}

	/**
	 * As `place`, for a body that is still on its way: its share of the limit is taken as its bytes arrive, so that
	 * a length which is announced and never sent keeps nobody else out. (Memory that nobody wrote to takes no room.)
	 */
	placeArriving(byteLength: number, alignAt = 0): ArrivingPlacement | null {
		if (byteLength <= SLOT_BYTES) {
			const placement = this.place(byteLength, alignAt);
			if (placement === null) return null;
			const { bytes, lease } = placement;
			return { bytes, lease, arrived: isTakenAlready };
		}
		const skew = (ALIGNMENT - (alignAt % ALIGNMENT)) % ALIGNMENT;
		const size = slotBytes(byteLength + skew);
		if (size > this.#budget.limitBytes) return null;
		const slot = this.#take(size, 0);
		if (slot === null) return null;
		return {
			bytes: slot.memory.subarray(skew, skew + byteLength),
			lease: slot,
			arrived: (byteCount) => this.#charge(slot, byteCount),
		};
	}

	/** For bodies whose length nobody knows: they are kept elsewhere, and counted here. */
	reserve(): Reservation {
		const slot = new Slot(this, NO_MEMORY);
		this.#leasedCount++;
		return {
			lease: slot,
			take: (byteCount) => this.#charge(slot, slot.chargedBytes + byteCount),
		};
	}

	/** Slots and slabs that are not back: for leak assertions. */
	get leasedCount(): number {
		return this.#leasedCount - (this.#slab === null ? 0 : 1);
	}

	/** Slots allocated since the start: constant in steady state. */
	get allocatedCount(): number {
		return this.#allocatedCount;
	}

	/** Bytes on loan, of all pools that share the budget. */
	get leasedBytes(): number {
		return this.#budget.usedBytes;
	}

	get limitBytes(): number {
		return this.#budget.limitBytes;
	}

	get idleBytes(): number {
		return this.#idleBytes;
	}

	/** Called by a slot whose last share was released. */
	takeBack(slot: Slot): void {
		this.#leasedCount--;
		const size = slot.memory.byteLength;
		this.#budget.take(-slot.chargedBytes);
		slot.chargedBytes = 0;
		if (size === 0) return;
		if (this.#idleBytes + size > IDLE_KEPT_BYTES) {
			this.#memory.free(slot.memory);
			return;
		}
		const list = this.#idle.get(size);
		if (list === undefined) this.#idle.set(size, [slot]);
		else list.push(slot);
		this.#idleBytes += size;
	}

	#share(byteLength: number, skew: number): Placement | null {
		const lineStart = Math.ceil(this.#slabUsedBytes / ALIGNMENT) * ALIGNMENT;
		let slab = this.#slab;
		let start = lineStart + skew;
		if (slab === null || start + byteLength > SLOT_BYTES) {
			// The pool's own share of a full slab ends; its messages keep it until they are done.
			slab?.release();
			slab = this.#take(SLOT_BYTES);
			this.#slab = slab;
			if (slab === null) return null;
			start = skew;
		}
		slab.retain();
		this.#slabUsedBytes = start + byteLength;
		return {
			bytes: slab.memory.subarray(start, start + byteLength),
			lease: slab,
		};
	}

	#charge(slot: Slot, byteCount: number): boolean {
		const more = byteCount - slot.chargedBytes;
		if (!this.#budget.take(more)) return false;
		slot.chargedBytes = byteCount;
		return true;
	}

	/** Null when the limit is reached. @param chargedBytes taken from the limit at once */
	#take(size: number, chargedBytes = size): Slot | null {
		if (!this.#budget.take(chargedBytes)) return null;
		const slot = this.#idleSlot(size) ?? this.#newSlot(size);
		if (slot === null) {
			this.#budget.take(-chargedBytes);
			return null;
		}
		this.#leasedCount++;
		slot.chargedBytes = chargedBytes;
		return slot;
	}

	#idleSlot(size: number): Slot | null {
		const slot = this.#idle.get(size)?.pop();
		if (slot === undefined) return null;
		this.#idleBytes -= size;
		slot.reuse();
		return slot;
	}

	/** Null when the system has no more. */
	#newSlot(size: number): Slot | null {
		try {
			const slot = new Slot(this, this.#memory.allocate(size));
			this.#allocatedCount++;
			return slot;
		} catch {
			return null;
		}
	}
}

function isTakenAlready(): boolean {
	return true;
}

function slotBytes(byteLength: number): number {
	if (byteLength <= SLOT_BYTES) return SLOT_BYTES;
	return 2 ** Math.ceil(Math.log2(byteLength));
}
