// One input of a binding: its own buffer, or bytes lent by a request (no copy at batch size 1).
import { DTYPE_BYTES } from "@saccade/protocol";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type { OrtEnvironment } from "./environment.ts";
import { addressOf, type Pointer } from "./native.ts";
import { createStringTensor, createTensor } from "./values.ts";

// Slots come back from their pool, so a few values over lent bytes serve almost every run.
const LENT_VALUES_KEPT = 16;

interface LentValue {
	readonly bytes: Uint8Array;
	readonly value: Pointer;
}

export class BoundInput {
	readonly #env: OrtEnvironment;
	readonly #spec: TensorSpec;
	readonly #shape: readonly number[];
	readonly #byteLength: number;
	/** Null for BYTES, which has no fixed size. */
	readonly own: Uint8Array | null;
	readonly #ownValue: Pointer;
	readonly #lent: LentValue[] = [];
	#strings: Pointer = 0n;
	/** What the next run reads; 0 when a BYTES input was not set yet. */
	value: Pointer;

	/** @param memory see `BindRequest.inputMemory` */
	constructor(
		env: OrtEnvironment,
		spec: TensorSpec,
		shape: readonly number[],
		memory: Uint8Array | null,
	) {
		this.#env = env;
		this.#spec = spec;
		this.#shape = shape;
		const count = shape.reduce((product, size) => product * size, 1);
		this.#byteLength = count * DTYPE_BYTES[spec.dtype];
		this.own =
			spec.dtype === "BYTES"
				? null
				: (memory?.subarray(0, this.#byteLength) ??
					new Uint8Array(this.#byteLength));
		this.#ownValue =
			this.own === null ? 0n : createTensor(env, spec.dtype, shape, this.own);
		this.value = this.#ownValue;
	}

	/** Throws INVALID_ARGUMENT for a wrong byte size. */
	set(bytes: Uint8Array): void {
		if (this.own === null) {
			this.#releaseStrings();
			this.#strings = createStringTensor(this.#env, this.#shape, bytes);
			this.value = this.#strings;
			return;
		}
		if (bytes.byteLength !== this.#byteLength)
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`input '${this.#spec.name}' takes ${this.#byteLength} bytes for shape [${this.#shape}], got ${bytes.byteLength}`,
			);
		const aligned =
			addressOf(bytes) % BigInt(DTYPE_BYTES[this.#spec.dtype]) === 0n;
		if (aligned) {
			this.value = this.#lentValue(bytes);
		} else {
			this.own.set(bytes);
			this.value = this.#ownValue;
		}
	}

	reset(): void {
		this.#releaseStrings();
		this.value = this.#ownValue;
	}

	close(): void {
		this.#releaseStrings();
		for (const { value } of this.#lent) this.#env.api.ReleaseValue(value);
		this.#lent.length = 0;
		if (this.#ownValue !== 0n) this.#env.api.ReleaseValue(this.#ownValue);
	}

	#lentValue(bytes: Uint8Array): Pointer {
		for (const entry of this.#lent) {
			const same =
				entry.bytes.buffer === bytes.buffer &&
				entry.bytes.byteOffset === bytes.byteOffset;
			if (same) return entry.value;
		}
		if (this.#lent.length === LENT_VALUES_KEPT) {
			const oldest = this.#lent.shift();
			if (oldest !== undefined) this.#env.api.ReleaseValue(oldest.value);
		}
		const value = createTensor(this.#env, this.#spec.dtype, this.#shape, bytes);
		// Holding the view keeps the bytes behind the value alive.
		this.#lent.push({ bytes, value });
		return value;
	}

	#releaseStrings(): void {
		if (this.#strings !== 0n) this.#env.api.ReleaseValue(this.#strings);
		this.#strings = 0n;
	}
}
