// Runs a version before it serves: the configured samples, and always batch 1 and the largest batch with zeros,
// so that arenas are grown and the run mode is known before the first request. A failing run fails the load. The next
// version of one that serves runs a smaller batch instead, where the largest would hold the cores for long.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DTYPE_BYTES, type DType } from "@saccade/protocol";
import type { Clock } from "../../common/clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type {
	WarmupInput,
	WarmupSample,
} from "../../repository/model-config.ts";
import { resolveInside } from "../../repository/model-directory.ts";
import { checkBytesElements } from "../../tensor/bytes-elements.ts";
import { type EntryReply, ModelEntry } from "../entry.ts";
import { shapeKeyOf } from "../execution/shape-fit.ts";
import type { ModelVersion } from "../model-version.ts";

export interface WarmUpOptions {
	readonly clock: Clock;
	/** Reads a data file of the model's `warmup/` directory. */
	readonly readFile: (name: string) => Promise<Uint8Array>;
	/** Others are served meanwhile: no more runs than tell something, and none that holds the cores for long. @default false */
	readonly isBrief?: boolean;
}

/** The first pays for allocation, the others tell the run time. */
const ROUNDS = 3;
/** Short runs are repeated: pauses of the machine and code that is not compiled yet are longer than they are. */
const SHORT_ROUNDS = 64;
const SHORT_ROUNDS_US = 10_000;
/** A run cannot be interrupted: whoever is served waits for the rest of it. */
const BRIEF_RUN_US = 5000;
/** Larger samples are left to the first requests: warming must not hold a start for long. */
const MAX_OWN_BYTES = 64 * 1024 * 1024;

/** On every device that it serves on. */
export async function warmUp(
	model: ModelVersion,
	options: WarmUpOptions,
): Promise<void> {
	const devices = model.deviceIndices;
	try {
		for (const device of devices) {
			if (devices.length > 1) model.warmOnly(device);
			await warmUpDevice(model, options);
		}
	} finally {
		if (devices.length > 1) model.warmOnly(null);
	}
}

async function warmUpDevice(
	model: ModelVersion,
	options: WarmUpOptions,
): Promise<void> {
	for (const sample of model.config.warmup)
		for (let round = 0; round < sample.count; round++)
			await runSample(model, sample, options);
	await runSmallest(model, options);
	const { clock, isBrief = false } = options;
	const shortUntilUs = clock.nowUs() + (isBrief ? 0 : SHORT_ROUNDS_US);
	let rowUs = Number.POSITIVE_INFINITY;
	for (
		let round = 0;
		round < ROUNDS || (round < SHORT_ROUNDS && clock.nowUs() < shortUntilUs);
		round++
	) {
		const beginUs = clock.nowUs();
		await runZeros(model, 1, options);
		rowUs = Math.min(rowUs, clock.nowUs() - beginUs);
	}
	const { maxBatchSize } = model.config;
	if (maxBatchSize > 1 && model.config.dynamicBatching !== null) {
		const briefly = Math.max(2, Math.floor(BRIEF_RUN_US / rowUs));
		const rows = isBrief ? Math.min(maxBatchSize, briefly) : maxBatchSize;
		await runZeros(model, rows, options);
	}
}

/** Dynamic dimensions beyond the batch are unknown here: such a model is warmed by its own samples only. */
async function runZeros(
	model: ModelVersion,
	rows: number,
	options: WarmUpOptions,
): Promise<void> {
	const { config } = model;
	if (config.inputs.some(({ dtype }) => dtype === "BYTES")) return;
	if (model.fit !== null) {
		const shapes = model.fit.extremes(rows);
		if (shapes !== null) await runZerosOf(model, shapes.large, options);
		return;
	}
	if (config.inputs.some(({ dims }) => dims.includes(-1))) return;
	const shapes = config.inputs.map(({ dims, reshape }) =>
		config.maxBatchSize > 0 ? [rows, ...(reshape ?? dims)] : (reshape ?? dims),
	);
	await runZerosOf(model, byModelOrder(model, shapes), options);
}

/** @param shapes by the session's order */
async function runZerosOf(
	model: ModelVersion,
	shapes: readonly (readonly number[] | null)[],
	options: WarmUpOptions,
): Promise<void> {
	const sizes = model.session.inputs.map(
		({ dtype }, index) => DTYPE_BYTES[dtype] * elements(shapes[index] ?? []),
	);
	if (sizes.reduce((sum, bytes) => sum + bytes, 0) > MAX_OWN_BYTES) return;
	const rows = model.config.maxBatchSize > 0 ? (shapes[0]?.[0] ?? 1) : 1;
	const data = sizes.map((bytes, index) =>
		shapes[index] === null ? null : new Uint8Array(bytes),
	);
	await runOnce(model, rows, shapes, data, options.clock);
}

/** One element in each bucketed dimension: a declaration that the model does not keep to fails here. */
async function runSmallest(
	model: ModelVersion,
	options: WarmUpOptions,
): Promise<void> {
	const shapes = model.fit?.extremes(1) ?? null;
	const isBytes = model.session.inputs.some(({ dtype }) => dtype === "BYTES");
	if (shapes !== null && !isBytes)
		await runZerosOf(model, shapes.small, options);
}

async function runSample(
	model: ModelVersion,
	sample: WarmupSample,
	options: WarmUpOptions,
): Promise<void> {
	const { config } = model;
	const rows = Math.max(sample.batchSize, 1);
	const shapes: (readonly number[] | null)[] = [];
	const data: (Uint8Array | null)[] = [];
	for (const input of config.inputs) {
		const given = sample.inputs.get(input.name);
		if (given === undefined) {
			if (!input.optional)
				throw new SaccadeError(
					"LOAD_FAILED",
					`warm-up sample '${sample.name}' has no input '${input.name}'`,
				);
			shapes.push(null);
			data.push(null);
			continue;
		}
		const dims = input.reshape ?? given.dims;
		const row = await sampleBytes(input.name, given, options);
		shapes.push(config.maxBatchSize > 0 ? [rows, ...dims] : dims);
		data.push(config.maxBatchSize > 0 ? repeat(row, rows) : row);
	}
	await runOnce(
		model,
		rows,
		byModelOrder(model, shapes),
		byModelOrder(model, data),
		options.clock,
	);
}

async function sampleBytes(
	name: string,
	input: WarmupInput,
	options: WarmUpOptions,
): Promise<Uint8Array> {
	const count = elements(input.dims);
	const elementBytes = DTYPE_BYTES[input.dtype];
	if (typeof input.fill === "object") {
		const bytes = await options.readFile(input.fill.file);
		const fits =
			elementBytes === 0
				? checkBytesElements(bytes, count) === null
				: bytes.byteLength === count * elementBytes;
		if (fits) return bytes;
		throw new SaccadeError(
			"LOAD_FAILED",
			`the warm-up file '${input.fill.file}' of input '${name}' has ${bytes.byteLength} bytes, which are not ${count} elements of ${input.dtype}`,
		);
	}
	// An empty string is four octets of length.
	const bytes = new Uint8Array(count * (elementBytes || 4));
	if (input.fill === "random") fillRandom(bytes, input.dtype);
	return bytes;
}

/** Numbers of 0 … 1, which every model can take: whole ones for integers. */
function fillRandom(bytes: Uint8Array, dtype: DType): void {
	const { buffer } = bytes;
	switch (dtype) {
		case "FP32":
			new Float32Array(buffer).forEach((_, index, values) => {
				values[index] = Math.random();
			});
			return;
		case "FP64":
			new Float64Array(buffer).forEach((_, index, values) => {
				values[index] = Math.random();
			});
			return;
		case "FP16":
		case "BF16": {
			// The bit patterns from 0 to that of 1 are the numbers between.
			const one = dtype === "FP16" ? 0x3c00 : 0x3f80;
			new Uint16Array(buffer).forEach((_, index, values) => {
				values[index] = Math.random() * one;
			});
			return;
		}
		case "BYTES":
			return;
		default: {
			const step = DTYPE_BYTES[dtype];
			for (let at = 0; at < bytes.length; at += step)
				bytes[at] = Math.random() < 0.5 ? 0 : 1;
		}
	}
}

function runOnce(
	model: ModelVersion,
	rows: number,
	shapes: readonly (readonly number[] | null)[],
	data: readonly (Uint8Array | null)[],
	clock: Clock,
): Promise<void> {
	return new Promise((resolve, reject) => {
		const reply: EntryReply = {
			completed: (_entry, outputs) => {
				try {
					for (const index of model.session.outputs.keys()) outputs.data(index);
					resolve();
				} catch (error) {
					reject(error);
				}
			},
			failed: (_entry, error) => reject(error),
		};
		const request = {
			deadlineUs: Number.POSITIVE_INFINITY,
			priority: 0,
			timeoutUs: 0,
			receivedUs: clock.nowUs(),
			lease: null,
		};
		const fitted = model.fit?.fit(shapes) ?? { shapes, padding: null };
		const isFixed = model.config.inputs.every(({ dims }) => !dims.includes(-1));
		const shapeKey = isFixed
			? ""
			: shapeKeyOf(fitted.shapes, model.config.maxBatchSize > 0);
		model.submit(
			new ModelEntry(
				rows,
				request,
				shapeKey,
				fitted.shapes,
				data,
				reply,
				fitted.padding,
			),
		);
	});
}

/** Configured order → the order of the session's inputs. */
function byModelOrder<T>(
	model: ModelVersion,
	values: readonly T[],
): (T | null)[] {
	return model.session.inputs.map(({ name }) => {
		const index = model.config.inputs.findIndex((input) => input.name === name);
		return values[index] ?? null;
	});
}

function elements(dims: readonly number[]): number {
	return dims.reduce((product, size) => product * size, 1);
}

function repeat(row: Uint8Array, rows: number): Uint8Array {
	return Buffer.concat(Array.from({ length: rows }, () => row));
}

/** Throws LOAD_FAILED when it is absent, or leads out of the model's `warmup/`. */
export async function readWarmupFile(
	directory: string,
	name: string,
): Promise<Uint8Array> {
	const path = resolveInside(join(directory, "warmup"), name);
	try {
		return await readFile(path);
	} catch (cause) {
		throw new SaccadeError(
			"LOAD_FAILED",
			`the warm-up file '${name}' cannot be read (${(cause as NodeJS.ErrnoException).code}); it belongs into the model's directory warmup/`,
			{ cause },
		);
	}
}
