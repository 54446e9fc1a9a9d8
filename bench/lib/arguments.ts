// What follows `npm run bench -- NAME`: options with a value, flags, and at most one word, a pattern of what to run.

/** Of all benches: options without a value. */
const FLAGS: ReadonlySet<string> = new Set(["--quick", "--json", "--add"]);

export interface BenchArguments {
	/** Every case whose name it finds runs. @default all */
	readonly pattern: RegExp;
	/** Throws RangeError unless the value is a number above 0. */
	number(name: string, fallback: number): number;
	text(name: string): string | null;
	flag(name: "--quick" | "--json" | "--add"): boolean;
	/** The first of `choices` when it is not given. Throws RangeError for a value that is none of them. */
	oneOf<Choice extends string>(
		name: string,
		choices: readonly [Choice, ...Choice[]],
	): Choice;
}

export function parseArguments(args: readonly string[]): BenchArguments {
	const values = new Map<string, string>();
	let pattern = "";
	for (let at = 0; at < args.length; at++) {
		const word = args[at] ?? "";
		if (!word.startsWith("--")) {
			pattern = word;
			continue;
		}
		const [name = "", joined] = word.split("=", 2);
		values.set(name, joined ?? (FLAGS.has(name) ? "" : (args[++at] ?? "")));
	}
	return {
		pattern: new RegExp(pattern),
		number: (name, fallback) => {
			const value = Number(values.get(name) ?? fallback);
			if (value > 0) return value;
			throw new RangeError(
				`${name} takes a number above 0, got '${values.get(name)}'`,
			);
		},
		text: (name) => values.get(name) ?? null,
		flag: (name) => values.has(name),
		oneOf: (name, choices) => {
			const value = values.get(name) ?? choices[0];
			const choice = choices.find((one) => one === value);
			if (choice !== undefined) return choice;
			throw new RangeError(
				`${name} takes ${choices.join(" or ")}, got '${value}'`,
			);
		},
	};
}

/** Of this process: `bench/run.ts NAME …`. */
export const benchArguments: BenchArguments = parseArguments(
	process.argv.slice(3),
);
