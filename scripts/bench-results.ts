// bench/results/*.json, as the benches wrote them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineFacts } from "../bench/lib/machine.ts";

export interface BenchResult {
	readonly machine: MachineFacts;
	readonly [key: string]: unknown;
}

/** By name, in alphabetical order. */
export function readResults(directory: string): Map<string, BenchResult> {
	const files = readdirSync(directory).filter((file) => file.endsWith(".json"));
	return new Map(
		files
			.sort()
			.map((file) => [
				file.slice(0, -".json".length),
				JSON.parse(readFileSync(join(directory, file), "utf8")),
			]),
	);
}
