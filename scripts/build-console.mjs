// Builds the console, packages/console/dist, once per state of its sources, and compresses what browsers take compressed.
// Plain JavaScript for any Node 20+: set-up runs it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = join(root, "packages", "console");
const dist = join(home, "dist");
const stampFile = join(dist, ".built");

/** What the console is made of. */
const SOURCES = [
	"packages/console",
	"packages/client/src",
	"packages/protocol/src",
	"package-lock.json",
];
const SKIPPED = /(^|\/)(dist|node_modules|gen|grpc|testing)\/|\.test\.ts$/;
const COMPRESSED = /\.(html|js|css|svg)$/;

function filesIn(path) {
	const full = join(root, path);
	if (path.endsWith(".json")) return [path];
	return readdirSync(full, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) =>
			join(entry.parentPath, entry.name)
				.slice(root.length + 1)
				.replaceAll("\\", "/"),
		)
		.filter((file) => !SKIPPED.test(file));
}

function hashOfSources() {
	const hash = createHash("sha256");
	for (const file of SOURCES.flatMap(filesIn).sort())
		hash.update(`${file}\0`).update(readFileSync(join(root, file)));
	return hash.digest("hex");
}

/** True: it was built. False: it was current. Throws when the build fails. */
export function buildConsole() {
	const hash = hashOfSources();
	if (existsSync(stampFile) && readFileSync(stampFile, "utf8").trim() === hash)
		return false;
	console.error("saccade: building the console (once per change of it)…");
	const packaged = join(root, "node_modules", "node", "bin", "node");
	const result = spawnSync(
		existsSync(packaged) ? packaged : process.execPath,
		[
			join(root, "node_modules", "vite", "bin", "vite.js"),
			"build",
			home,
			"--logLevel=warn",
		],
		{ cwd: root, stdio: ["ignore", 2, 2] },
	);
	if (result.status !== 0)
		throw new Error(
			`the console was not built: vite ended with ${result.status ?? result.signal}`,
		);
	compress();
	writeFileSync(stampFile, `${hash}\n`);
	return true;
}

function compress() {
	for (const name of readdirSync(dist, { recursive: true })) {
		if (!COMPRESSED.test(name)) continue;
		const file = join(dist, name);
		const bytes = readFileSync(file);
		const params = {
			[constants.BROTLI_PARAM_QUALITY]: 11,
			[constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
		};
		writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
		writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildConsole();
