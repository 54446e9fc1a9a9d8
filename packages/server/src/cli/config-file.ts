import { readFileSync } from "node:fs";
import { UsageError } from "./usage-error.ts";

export function readConfigFile(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		throw new UsageError(`the configuration file '${path}' cannot be read`);
	}
}
