// What `npm run bench -- NAME --help` prints. Every bench has its own `usage.ts`.

export interface Usage {
	/** One line: what is measured. */
	readonly summary: string;
	/** What the pattern is matched against; null: it takes none. */
	readonly patternOf: string | null;
	readonly options: readonly UsageOption[];
	/** Lines below the options. */
	readonly notes: readonly string[];
}

export interface UsageOption {
	readonly name: `--${string}`;
	/** Its value, as shown: `N`, `all|none`; empty for a flag. */
	readonly value: string;
	readonly about: string;
}

export const ROUNDS: UsageOption = {
	name: "--rounds",
	value: "N",
	about: "interleaved rounds; an interval needs 5 (default 5)",
};

export function showUsage(name: string, usage: Usage): string {
	const { patternOf } = usage;
	const lines = usage.options.map((option) => ({
		left: `${option.name} ${option.value}`.trimEnd(),
		about: option.about,
	}));
	if (patternOf !== null)
		lines.unshift({
			left: "REGEX",
			about: `${patternOf} to measure (default all)`,
		});
	const width = Math.max(...lines.map(({ left }) => left.length));
	const words = patternOf === null ? "[options]" : "[REGEX] [options]";
	return [
		usage.summary,
		"",
		`usage: npm run bench -- ${name} ${words}`,
		"",
		...lines.map(({ left, about }) => `  ${left.padEnd(width)}  ${about}`),
		"",
		...usage.notes,
	].join("\n");
}

/** The first option of the command line that the bench does not have. */
export function unknownOption(
	args: readonly string[],
	usage: Usage,
): string | null {
	const names = args
		.filter((word) => word.startsWith("--"))
		.map((word) => word.split("=", 1)[0] ?? "");
	return (
		names.find((name) => !usage.options.some((one) => one.name === name)) ??
		null
	);
}
