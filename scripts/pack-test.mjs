// Packs what would be published, installs it in an empty folder without this workspace, and uses it.
import { spawn, spawnSync } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { packOnnxRuntime } from "./pack-onnxruntime.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), "saccade-pack-"));

function run(command, args, cwd) {
	const result = spawnSync(command, args, {
		cwd,
		encoding: "utf8",
		stdio: ["ignore", "pipe", "inherit"],
	});
	if (result.status !== 0)
		throw new Error(
			`${command} ${args.join(" ")}: exit ${result.status}\n${result.stdout}`,
		);
	return result.stdout;
}

/** The page, its script and its style are in what was installed. */
async function assertConsole(saccade, model, cwd) {
	const ports = ["http", "grpc", "metrics"].map((name) => `--${name}-port=0`);
	const server = spawn(
		saccade,
		["serve", "--json", "--model-repository", model, ...ports],
		{ cwd, stdio: ["ignore", "pipe", "inherit"] },
	);
	try {
		const line = await new Promise((resolve, reject) => {
			createInterface({ input: server.stdout }).once("line", resolve);
			server.once("exit", (code) => reject(new Error(`serve: exit ${code}`)));
		});
		const { address, port } = JSON.parse(line).addresses.http;
		const origin = `http://${address}:${port}`;
		const page = await (await fetch(`${origin}/`)).text();
		const files = page.match(/\/assets\/[\w.-]+/g) ?? [];
		if (files.length < 2) throw new Error(`no console at /: ${page}`);
		for (const file of files) {
			const { status } = await fetch(origin + file);
			if (status !== 200) throw new Error(`${file}: ${status}`);
		}
	} finally {
		server.kill("SIGTERM");
	}
}

try {
	const tarballs = join(scratch, "tarballs");
	const home = join(scratch, "home");
	mkdirSync(tarballs);
	mkdirSync(home);
	const library = packOnnxRuntime(scratch);
	const packages = [
		"protocol",
		"client",
		"grpc",
		"foxglove",
		"perception",
		"drive",
		"console",
		"server",
	].map((name) => join(root, "packages", name));
	for (const path of [...packages, library])
		run(
			"npm",
			["pack", "--silent", "--pack-destination", tarballs, path],
			scratch,
		);
	writeFileSync(
		join(home, "package.json"),
		'{ "name": "empty", "private": true }\n',
	);
	const files = readdirSync(tarballs).map((file) => join(tarballs, file));
	run(
		"npm",
		["install", "--no-audit", "--no-fund", "--loglevel=error", ...files],
		home,
	);
	const saccade = join(home, "node_modules", ".bin", "saccade");
	const version = run(saccade, ["--version"], home).trim();
	const model = join(root, "models", "repository");
	const answer = JSON.parse(
		run(saccade, ["infer", "mlp", "--model-repository", model, "--json"], home),
	);
	if (
		!Array.isArray(answer.outputs) ||
		answer.outputs[0]?.shape?.join() !== "1,10"
	)
		throw new Error(`unexpected answer: ${JSON.stringify(answer)}`);
	await assertConsole(saccade, model, home);
	console.log(
		`installed from tarballs: ${version}; mlp answered ${answer.outputs[0].name} [${answer.outputs[0].shape}]`,
	);
} finally {
	rmSync(scratch, { recursive: true, force: true });
}
