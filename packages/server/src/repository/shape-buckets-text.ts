// The texts of `saccade.shape_buckets` and `saccade.pad_values` as plain data.
//
//   height = 240, 480 @ image[1] heat[1]/8; width = 320, 640; keep boxes[0]
//   └ name   └ sizes    └ where it is, beside what the model's file tells     └ outputs that follow no input
//
//   image = 114; mask = 1
import type { Read } from "../common/readers.ts";

/** A dimension of a tensor, counted as in `dims` of the configuration: without the batch. */
export interface DimPlace {
	readonly tensor: string;
	readonly axis: number;
}

/** There are ⌈size × times ÷ by⌉ of it in an output. */
export interface FollowingPlace extends DimPlace {
	readonly times: number;
	readonly by: number;
}

export interface DeclaredDim {
	readonly name: string;
	/** Ascending. */
	readonly sizes: readonly number[];
	readonly places: readonly FollowingPlace[];
}

export interface DeclaredBuckets {
	readonly dims: readonly DeclaredDim[];
	/** Dynamic dimensions of outputs that are answered as the model gives them. */
	readonly kept: readonly DimPlace[];
}

const MAX_SIZES = 64;
const PLACE = /^(.+)\[(\d{1,3})\](?:([/*])([1-9]\d{0,5}))?$/;

/** Every problem at once. */
export function readShapeBuckets(value: unknown): Read<DeclaredBuckets> {
	const problems: string[] = [];
	const dims: DeclaredDim[] = [];
	const kept: DimPlace[] = [];
	for (const part of partsOf(value, ";")) {
		const words = /^keep\s+(.*)$/s.exec(part);
		if (words !== null) kept.push(...readPlaces(words[1] ?? "", problems));
		else dims.push(...readDim(part, problems));
	}
	if (dims.length === 0 && problems.length === 0)
		problems.push("`name = size, size, …` is needed");
	for (const [index, { name }] of dims.entries())
		if (dims.findIndex((dim) => dim.name === name) !== index)
			problems.push(`'${name}' is there twice`);
	for (const { tensor, axis, times, by } of kept as FollowingPlace[])
		if (times !== 1 || by !== 1)
			problems.push(`what is kept has no factor: '${tensor}[${axis}]'`);
	return problems.length === 0
		? { ok: true, value: { dims, kept } }
		: { ok: false, problem: problems.join("; ") };
}

/** By input or output: `image = 114; mask = 1`. */
export function readNumbersByName(
	value: unknown,
): Read<ReadonlyMap<string, number>> {
	const values = new Map<string, number>();
	const problems: string[] = [];
	for (const part of partsOf(value, ";")) {
		const [, name, text] = /^(.*\S)\s*=\s*(\S+)$/.exec(part) ?? [];
		const number = Number(text);
		if (name === undefined || Number.isNaN(number))
			problems.push(`'${part}' is no \`name = number\``);
		else if (values.has(name)) problems.push(`'${name}' is there twice`);
		else values.set(name, number);
	}
	return problems.length === 0
		? { ok: true, value: values }
		: { ok: false, problem: problems.join("; ") };
}

function readDim(part: string, problems: string[]): DeclaredDim[] {
	const [declared = "", ...rest] = part.split("@");
	const [, name, list] = /^([^=]*[^=\s])\s*=\s*(.*)$/s.exec(declared) ?? [];
	if (name === undefined || list === undefined || rest.length > 1) {
		problems.push(`'${part}' is no \`name = size, size, … @ tensor[axis] …\``);
		return [];
	}
	const sizes = partsOf(list, ",").map(Number);
	const isRising = sizes.every(
		(size, index) =>
			Number.isSafeInteger(size) && size > (sizes[index - 1] ?? 0),
	);
	if (!isRising || sizes.length === 0 || sizes.length > MAX_SIZES)
		problems.push(
			`the buckets of '${name}' are 1 to ${MAX_SIZES} whole numbers from 1, ascending, got '${list.trim()}'`,
		);
	const places = readPlaces(rest[0] ?? "", problems);
	if (rest.length === 1 && places.length === 0)
		problems.push(`nothing follows the @ of '${name}'`);
	return [{ name, sizes, places }];
}

function readPlaces(list: string, problems: string[]): FollowingPlace[] {
	const places: FollowingPlace[] = [];
	for (const text of list.split(/[\s,]+/)) {
		if (text === "") continue;
		const [, tensor, axis, operator, factor = "1"] = PLACE.exec(text) ?? [];
		if (tensor === undefined) {
			problems.push(
				`'${text}' is no place such as output[1] or output[1]/8, counted without the batch dimension`,
			);
			continue;
		}
		places.push({
			tensor,
			axis: Number(axis),
			times: operator === "*" ? Number(factor) : 1,
			by: operator === "/" ? Number(factor) : 1,
		});
	}
	return places;
}

function partsOf(value: unknown, separator: string): string[] {
	if (typeof value !== "string") return [];
	const parts = value.split(separator).map((part) => part.trim());
	// A separator at the end is none.
	if (parts.at(-1) === "") parts.pop();
	return parts;
}
