// Untrusted values → typed ones, for settings that arrive as text (flags, environment, parameters) or as YAML.
// A schema library says the same and takes 65 ms and 9 MB to load, which every start would pay
// (docs/decisions/0003-cold-start.md).

export type Read<T> =
	| { readonly ok: true; readonly value: T }
	| { readonly ok: false; readonly problem: string };

export type Reader<T> = (value: unknown) => Read<T>;

/** What a reader gives. */
export type ReadBy<R> = R extends Reader<infer T> ? T : never;

interface Bounds {
	/** @default 0 */
	readonly min?: number;
	/** @default 2^53 − 1 */
	readonly max?: number;
}

/** Digits only: an empty text is a mistake, and no zero. */
export function wholeNumber(bounds: Bounds = {}): Reader<number> {
	const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds;
	return (value) => {
		const number =
			typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
		if (!Number.isInteger(number)) return problem("a whole number is needed");
		if ((number as number) < min) return problem(`at least ${min}`);
		if ((number as number) > max) return problem(`at most ${max}`);
		return { ok: true, value: number as number };
	};
}

/** Text of a finite number. */
export const decimal: Reader<number> = (value) => {
	const number =
		typeof value === "string" && /\S/.test(value) ? Number(value) : Number.NaN;
	return Number.isFinite(number)
		? { ok: true, value: number }
		: problem("a number is needed");
};

/** A finite number, as YAML has it. */
export function number(
	bounds: { readonly min?: number; readonly max?: number } = {},
): Reader<number> {
	const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = bounds;
	return (value) => {
		if (typeof value !== "number" || !Number.isFinite(value))
			return problem("a number is needed");
		if (value < min) return problem(`at least ${min}`);
		if (value > max) return problem(`at most ${max}`);
		return { ok: true, value };
	};
}

export const positive: Reader<number> = (value) => {
	const read = decimal(value);
	return !read.ok || read.value > 0
		? read
		: problem("a number above 0 is needed");
};

/** A part of a whole, as text or as YAML has it: 0 to 1. */
export const share: Reader<number> = (value) => {
	const read =
		typeof value === "number"
			? number({ min: 0, max: 1 })(value)
			: decimal(value);
	return !read.ok || (read.value >= 0 && read.value <= 1)
		? read
		: problem("a number from 0 to 1 is needed");
};

/** Text of a number of 0 or more. */
export const notNegative: Reader<number> = (value) => {
	const read = decimal(value);
	return !read.ok || read.value >= 0
		? read
		: problem("a number of 0 or more is needed");
};

/** A flag without a value is true. */
export const boolean: Reader<boolean> = (value) => {
	if (value === true || value === "true" || value === "1" || value === "")
		return { ok: true, value: true };
	if (value === false || value === "false" || value === "0")
		return { ok: true, value: false };
	return problem("true or false is needed");
};

export const text: Reader<string> = (value) =>
	typeof value === "string" ? { ok: true, value } : problem("a text is needed");

export const filledText: Reader<string> = (value) =>
	typeof value === "string" && value !== ""
		? { ok: true, value }
		: problem("a text that is not empty is needed");

export function oneOf<const T extends string>(
	...choices: readonly T[]
): Reader<T> {
	return (value) => {
		const found = choices.find((choice) => choice === value);
		return found === undefined
			? problem(`one of ${choices.join(", ")} is needed`)
			: { ok: true, value: found };
	};
}

/** A list as YAML has it, or one text that `split` takes apart. */
export function texts(
	split: (value: string) => readonly string[],
): Reader<readonly string[]> {
	return (value) => {
		const items: unknown = typeof value === "string" ? split(value) : value;
		const isList =
			Array.isArray(items) && items.every((item) => filledText(item).ok);
		return isList
			? { ok: true, value: items as string[] }
			: problem("a list of texts is needed, none of them empty");
	};
}

/** A list, each item read the same way. */
export function listOf<T>(each: Reader<T>): Reader<readonly T[]> {
	return (value) => {
		if (!Array.isArray(value)) return problem("a list is needed");
		const items: T[] = [];
		for (const [at, item] of value.entries()) {
			const read = each(item);
			if (!read.ok) return problem(`item ${at + 1}: ${read.problem}`);
			items.push(read.value);
		}
		return { ok: true, value: items };
	};
}

/** "0.485,0.456,0.406" */
export function triple(each: Reader<number>): Reader<[number, number, number]> {
	return (value) => {
		const parts = typeof value === "string" ? value.split(",") : [];
		const numbers: number[] = [];
		for (const part of parts) {
			const read = each(part);
			if (!read.ok)
				return problem(`three numbers with commas between: ${read.problem}`);
			numbers.push(read.value);
		}
		return numbers.length === 3
			? { ok: true, value: numbers as [number, number, number] }
			: problem("three numbers with commas between are needed");
	};
}

function problem(text: string): Read<never> {
	return { ok: false, problem: text };
}
