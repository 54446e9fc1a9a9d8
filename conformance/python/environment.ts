// Virtual environments with pinned packages, made once per requirements.txt.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

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
	console.error(`installing ${relative(root, requirements)} (once)…`);
	command("python3", ["-m", "venv", "--clear", environment]);
	command(python, ["-m", "pip", "install", "-q", "-r", requirements]);
	writeFileSync(stampFile, hash);
	return python;
}

function command(program: string, args: readonly string[]): void {
	const { status, error, stderr } = spawnSync(program, args, {
		stdio: ["ignore", "inherit", "pipe"],
		encoding: "utf8",
	});
	if (status === 0) return;
	const said = error?.message ?? stderr.trim().split("\n").at(-1);
	throw new Error(`${program} ${args.join(" ")} failed: ${said}`);
}
