// YAML of a configuration. The parser is loaded when there is a file: most starts have none.
import { createRequire } from "node:module";
import { isMapping } from "../common/mapping.ts";

/** A configuration is settings: more aliases are an attack on the parser. */
const MAX_ALIASES = 100;

/** Sections of a file; what is wrong is told with the file's name. */
export function readSections(
	text: string,
	fileName: string,
	known: readonly string[],
	problems: string[],
): Readonly<Record<string, unknown>> {
	let document: unknown;
	try {
		const require = createRequire(import.meta.url);
		const { parse } = require("yaml") as typeof import("yaml");
		document = parse(text, { maxAliasCount: MAX_ALIASES });
	} catch (error) {
		problems.push(
			`${fileName} is no YAML: ${error instanceof Error ? error.message : error}`,
		);
		return {};
	}
	const sections = document ?? {};
	if (!isMapping(sections)) {
		problems.push(
			`${fileName}: sections are needed, e.g. '${known[0] ?? "server"}:'`,
		);
		return {};
	}
	for (const section of Object.keys(sections))
		if (!known.includes(section))
			problems.push(
				`${fileName}: '${section}' is no section; there are ${known.map((one) => `'${one}'`).join(", ")}`,
			);
	return sections;
}
