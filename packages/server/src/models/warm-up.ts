// Runs a version before it serves: the configured samples, and always batch 1 and the largest batch with zeros,
// so that arenas are grown and the run mode is known before the first request. A failing run fails the load.
import { readFile } from "node:fs/promises";
import { DTYPE_BYTES } from "@saccade/protocol";
import type { Clock } from "../common/clock.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { WarmupInput, WarmupSample } from "../repository/model-config.ts";
import { type EntryReply, ModelEntry } from "./entry.ts";
import type { ModelVersion } from "./model-version.ts";

export interface WarmUpOptions {
	readonly clock: Clock;
	/** Reads a data file of the model's `warmup/` directory. */
	readonly readFile: (name: string) => Promise<Uint8Array>;
}

/** The first pays for allocation, the others tell the run time. */
const ROUNDS = 3;
/** Larger samples are left to the first requests: warming must not hold a start for long. */
const MAX_OWN_BYTES = 64 * 1024 * 1024;

export async function warmUp(
	model: ModelVersion,
	options: WarmUpOptions,
): Promise<void> {
	for (const sample of model.config.warmup)
		for (let round = 0; round < sample.count; round++)
			await runSample(model, sample, options);
	for (let round = 0; round < ROUNDS; round++)
		await runZeros(model, 1, options);
	const { maxBatchSize } = model.config;
	if (maxBatchSize > 1 && model.config.dynamicBatching !== null)
		await runZeros(model, maxBatchSize, options);
}

/** Dynamic dimensions beyond the batch are unknown here: such a model is warmed by its own samples only. */
async function runZeros(
	model: ModelVersion,
	rows: number,
	options: WarmUpOptions,
): Promise<void> {
	const { config } = model;
	const fixed = config.inputs.every(
		({ dims, dtype }) => !dims.includes(-1) && dtype !== "BYTES",
	);
	if (!fixed) return;
	const shapes = config.inputs.map(({ dims, reshape }) =>
		config.maxBatchSize > 0 ? [rows, ...(reshape ?? dims)] : (reshape ?? dims),
	);
	const sizes = config.inputs.map(
		({ dtype }, index) => DTYPE_BYTES[dtype] * elements(shapes[index] ?? []),
	);
	if (sizes.reduce((sum, bytes) => sum + bytes, 0) > MAX_OWN_BYTES) return;
	const data = sizes.map((bytes) => new Uint8Array(bytes));
	await runOnce(
		model,
		rows,
		byModelOrder(model, shapes),
		byModelOrder(model, data),
		options.clock,
	);
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
		const row = await sampleBytes(given, options);
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
	input: WarmupInput,
	options: WarmUpOptions,
): Promise<Uint8Array> {
	if (typeof input.fill === "object") return options.readFile(input.fill.file);
	const count = elements(input.dims);
	// An empty string is four octets of length.
	const bytes = new Uint8Array(count * (DTYPE_BYTES[input.dtype] || 4));
	if (input.fill === "random" && input.dtype === "FP32")
		new Float32Array(bytes.buffer).forEach((_, index, values) => {
			values[index] = Math.random();
		});
	return bytes;
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
			completed: () => resolve(),
			failed: (_entry, error) => reject(error),
		};
		const request = {
			deadlineUs: Number.POSITIVE_INFINITY,
			priority: 0,
			timeoutUs: 0,
			receivedUs: clock.nowUs(),
			lease: null,
		};
		model.submit(new ModelEntry(rows, request, "", shapes, data, reply));
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

export async function readWarmupFile(
	directory: string,
	name: string,
): Promise<Uint8Array> {
	return readFile(`${directory}/warmup/${name}`);
}
