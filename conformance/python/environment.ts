// Virtual environments with pinned packages, made once per requirements.txt.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** The interpreter of `.cache/<name>`, where the packages of `requirements` are installed. Throws what pip said. */
export function preparePython(name: string, requirements: string): string {
	const environment = join(root, ".cache", name);
	const python = join(environment, "bin", "python");
	const stampFile = join(environment, "requirements.sha256");
	const hash = createHash("sha256")
		.update(readFileSync(requirements))
		.digest("hex");
	if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash)
		return python;
	console.error("conformance: installing the Python clients (once)…");
	command("python3", ["-m", "venv", "--clear", environment]);
	command(python, ["-m", "pip", "install", "-q", "-r", requirements]);
	writeFileSync(stampFile, hash);
	return python;
}

function command(program: string, args: readonly string[]): void {
	const { status, error } = spawnSync(program, args, { stdio: "inherit" });
	if (status !== 0)
		throw new Error(
			`${program} ${args.join(" ")} failed: ${error?.message ?? `exit ${status}`}`,
		);
}
