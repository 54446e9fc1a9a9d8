// Reads a mapping of untrusted values key by key. Every problem is told, with the path to its value; keys that nobody
// asked for are problems too.
import { isMapping } from "../../common/mapping.ts";
import type { Reader } from "../../common/readers.ts";

export type Mapping = Readonly<Record<string, unknown>>;

/** Takes problems, each with its path. */
export type Problems = (path: string, problem: string) => void;

export class MappingReader {
	readonly path: string;
	readonly #values: Mapping;
	readonly #problems: Problems;
	readonly #known: string[] = [];

	constructor(values: unknown, path: string, problems: Problems) {
		this.path = path;
		this.#problems = problems;
		if (!isMapping(values)) problems(path, "keys with values are needed");
		this.#values = isMapping(values) ? values : {};
	}

	has(key: string): boolean {
		return Object.hasOwn(this.#values, key) && this.#values[key] !== null;
	}

	/** The value, or `fallback` when it is absent or wrong; a wrong one is told. */
	read<T>(key: string, reader: Reader<T>, fallback: T): T {
		if (!this.#known.includes(key)) this.#known.push(key);
		if (!this.has(key)) return fallback;
		const read = reader(this.#values[key]);
		if (read.ok) return read.value;
		this.problem(key, `${read.problem}, got ${shown(this.#values[key])}`);
		return fallback;
	}

	/** As `read`; absent is a problem too. */
	require<T>(key: string, reader: Reader<T>, fallback: T, remedy: string): T {
		if (!this.has(key)) this.problem(key, `is missing; ${remedy}`);
		return this.read(key, reader, fallback);
	}

	mapping(key: string): MappingReader {
		this.#known.push(key);
		return new MappingReader(
			this.has(key) ? this.#values[key] : {},
			`${this.path}.${key}`,
			this.#problems,
		);
	}

	/** Keys and values of a mapping whose keys are names. */
	entries(key: string): readonly (readonly [string, unknown])[] {
		this.#known.push(key);
		if (!this.has(key)) return [];
		const value = this.#values[key];
		if (isMapping(value)) return Object.entries(value);
		this.problem(key, "names with values are needed");
		return [];
	}

	/** After everything was asked for. @param known what else there may be */
	end(known: readonly string[] = []): void {
		this.#known.push(...known.filter((key) => !this.#known.includes(key)));
		for (const key of Object.keys(this.#values))
			if (!this.#known.includes(key))
				this.problem(key, `is no setting; there are ${this.#known.join(", ")}`);
	}

	problem(key: string, problem: string): void {
		this.#problems(`${this.path}.${key}`, problem);
	}
}

function shown(value: unknown): string {
	const text = JSON.stringify(value) ?? String(value);
	return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
