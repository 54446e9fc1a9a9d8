// Files → input tensors. What has no file is zeros, so that a model can be tried with nothing at hand.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { ImageU8 } from "@saccade/perception";
import { DTYPE_BYTES } from "@saccade/protocol";
import type { PictureSettings } from "../../repository/model-config.ts";
import { encodeBytesElements } from "../../tensor/bytes-elements.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Tensor, TensorSpec } from "../../tensor/tensor.ts";
import { tensorFromJson } from "../../transport/http/json/tensor-json.ts";
import {
	type JsonValue,
	parseJson,
} from "../../transport/http/json/tolerant-json.ts";
import { UsageError } from "../usage-error.ts";
import { parseNpy } from "./npy.ts";

const PICTURE = /\.(jpe?g|png|webp|avif|tiff?|gif)$/i;

export interface GatherOptions {
	/** `[name=]file` */
	readonly files: readonly string[];
	/** `name:1,64` */
	readonly shapes: readonly string[];
	readonly picture: PictureSettings;
}

export interface Gathered {
	readonly inputs: readonly Tensor[];
	/** The picture and the input it went to, for drawing; null without one. */
	readonly picture: {
		readonly image: ImageU8;
		readonly spec: TensorSpec;
	} | null;
}

/** Throws UsageError naming the input and what it takes. */
export async function gatherInputs(
	specs: readonly TensorSpec[],
	options: GatherOptions,
): Promise<Gathered> {
	const files = assignFiles(specs, options.files);
	const shapes = parseShapes(specs, options.shapes);
	const inputs: Tensor[] = [];
	let picture: Gathered["picture"] = null;
	for (const spec of specs) {
		const shape = shapes.get(spec.name) ?? spec.shape;
		const wanted = { ...spec, shape };
		const file = files.get(spec.name);
		if (file === undefined) inputs.push(zeros(wanted));
		else if (PICTURE.test(file)) {
			const { pictureTensor, readPicture } = await import("./picture.ts");
			const image = await readPicture(file);
			inputs.push(pictureTensor(wanted, image, options.picture));
			picture = { image, spec: wanted };
		} else inputs.push(await fromFile(wanted, file));
	}
	return { inputs, picture };
}

/** A file without a name goes to the first input that has none. */
function assignFiles(
	specs: readonly TensorSpec[],
	given: readonly string[],
): Map<string, string> {
	const known = specs.map(({ name }) => name);
	const files = new Map<string, string>();
	const unnamed: string[] = [];
	for (const text of given) {
		const at = text.indexOf("=");
		const name = text.slice(0, Math.max(at, 0));
		if (known.includes(name)) files.set(name, text.slice(at + 1));
		else unnamed.push(text);
	}
	for (const file of unnamed) {
		const free = known.find((name) => !files.has(name));
		if (free === undefined)
			throw new UsageError(
				`no input is left for '${file}'; the model has ${known.map((name) => `'${name}'`).join(", ")}`,
			);
		files.set(free, file);
	}
	return files;
}

/** `name:sizes` of the command line. Throws UsageError. */
export function parseShapes(
	specs: readonly TensorSpec[],
	given: readonly string[],
): Map<string, number[]> {
	const shapes = new Map<string, number[]>();
	for (const text of given) {
		const at = text.lastIndexOf(":");
		const name = text.slice(0, Math.max(at, 0));
		const sizes = text
			.slice(at + 1)
			.split(",")
			.map(Number);
		const isKnown = specs.some((spec) => spec.name === name);
		if (!isKnown || sizes.some((size) => !Number.isInteger(size) || size < 0))
			throw new UsageError(
				`--shape is name:sizes with a name of ${specs.map((spec) => `'${spec.name}'`).join(", ")}, e.g. ${specs[0]?.name}:1,64; got '${text}'`,
			);
		shapes.set(name, sizes);
	}
	return shapes;
}

function zeros(spec: TensorSpec): Tensor {
	const shape = spec.shape.map((size) => (size < 0 ? 1 : size));
	const count = elementCount(shape) ?? 0;
	const data =
		spec.dtype === "BYTES"
			? encodeBytesElements(
					Array.from({ length: count }, () => Buffer.from("0")),
				)
			: new Uint8Array(count * DTYPE_BYTES[spec.dtype]);
	return { ...spec, shape, data };
}

async function fromFile(spec: TensorSpec, file: string): Promise<Tensor> {
	const bytes = await readFile(file).catch((error: unknown) => {
		throw new UsageError(
			`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`,
		);
	});
	if (file.endsWith(".npy")) return fromNpy(spec, bytes, file);
	if (file.endsWith(".json")) return fromJson(spec, bytes, file);
	return fromRaw(spec, bytes, file);
}

function fromNpy(spec: TensorSpec, bytes: Uint8Array, file: string): Tensor {
	const array = parseNpy(bytes);
	if (array.dtype !== spec.dtype)
		throw new UsageError(
			`${basename(file)} holds ${array.dtype}, input '${spec.name}' takes ${spec.dtype}`,
		);
	return { name: spec.name, ...array };
}

/** An array of values, nested or flat, or `{ "shape": [...], "data": [...] }`. */
function fromJson(spec: TensorSpec, bytes: Buffer, file: string): Tensor {
	const value = parseJson(bytes.toString());
	const isObject =
		typeof value === "object" && value !== null && !Array.isArray(value);
	const data = isObject ? value["data"] : value;
	if (data === undefined)
		throw new UsageError(`${basename(file)} is an array, or has a key 'data'`);
	const count = countValues(data);
	const stated = isObject ? value["shape"] : undefined;
	const shape = Array.isArray(stated)
		? stated.map(Number)
		: inferShape(spec, count, file);
	return {
		name: spec.name,
		dtype: spec.dtype,
		shape,
		data: tensorFromJson(data, spec.dtype, count, spec.name),
	};
}

function countValues(value: JsonValue): number {
	if (!Array.isArray(value)) return 1;
	return value.reduce<number>((sum, item) => sum + countValues(item), 0);
}

function fromRaw(spec: TensorSpec, bytes: Uint8Array, file: string): Tensor {
	const size = DTYPE_BYTES[spec.dtype];
	if (size === 0)
		throw new UsageError(
			`input '${spec.name}' takes BYTES; give them as a .json array of strings`,
		);
	const shape = inferShape(spec, bytes.byteLength / size, file);
	return { name: spec.name, dtype: spec.dtype, shape, data: bytes };
}

/** One dynamic dimension takes what is left; further ones are 1. */
function inferShape(spec: TensorSpec, count: number, file: string): number[] {
	const dynamic = spec.shape.lastIndexOf(-1);
	const shape = spec.shape.map((size) => (size < 0 ? 1 : size));
	const known = elementCount(shape) ?? 1;
	if (dynamic >= 0 && count % known === 0) shape[dynamic] = count / known;
	if (elementCount(shape) !== count)
		throw new UsageError(
			`${basename(file)} has ${count} elements of ${spec.dtype}; input '${spec.name}' takes [${spec.shape}]. Say the sizes with --shape`,
		);
	return shape;
}
