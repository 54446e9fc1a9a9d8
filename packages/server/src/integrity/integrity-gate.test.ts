import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
	appendFileSync,
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { makeKey } from "../common/testing/make-key.ts";
import { IntegrityGate } from "./integrity-gate.ts";
import { MANIFEST_FILE, SIGNATURE_FILE } from "./manifest.ts";
import { signVersion } from "./sign-version.ts";
import { BUNDLE_FILE } from "./sigstore-bundle.ts";

const KEY = makeKey();
const CONFIG = 'backend: "fake"\n';
const NOW_MS = Date.parse("2026-01-01");

/** A signed model, and a gate that trusts its key. */
function setUp(t: TestContext, mode: "digest" | "signature" = "signature") {
	const root = mkdtempSync(join(tmpdir(), "saccade-integrity-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const directory = join(root, "models", "m");
	const at = (...parts: string[]) => join(directory, ...parts);
	mkdirSync(at("1", "data"), { recursive: true });
	writeFileSync(at("config.pbtxt"), CONFIG);
	writeFileSync(at("labels.txt"), "car\nbus\n");
	writeFileSync(at("1", "model.onnx"), "the weights");
	writeFileSync(at("1", "data", "more.bin"), "more weights");
	const sign = (changes: { expiresMs?: number; version?: number } = {}) =>
		signVersion({
			directory,
			model: "m",
			version: 1,
			key: KEY.signing,
			expiresMs: null,
			...changes,
		});
	sign();
	const folder = join(root, "state", "verified");
	const gate = new IntegrityGate({
		mode,
		keys: [KEY.publicPem],
		folder,
		nowMs: () => NOW_MS,
	});
	const admit = (files: Partial<Parameters<typeof gate.admit>[0]> = {}) =>
		gate.admit({
			model: "m",
			version: 1,
			directory,
			path: at("1", "model.onnx"),
			configTexts: [CONFIG],
			isOverridden: false,
			...files,
		});
	const refuses = async (message: RegExp, files = {}) => {
		await assert.rejects(admit(files), { code: "LOAD_FAILED", message });
		const left = existsSync(folder) ? readdirSync(folder) : [];
		assert.deepEqual(left, [], "a refusal leaves nothing");
	};
	return { at, directory, folder, admit, refuses, sign };
}

describe("a version whose files are as they were signed", () => {
	test("is loaded from a copy that nobody else can reach, until it is let go of", async (t) => {
		const { at, folder, admit } = setUp(t);
		const { directory, path, bytes, release } = await admit();
		assert.ok(path.startsWith(folder) && path.startsWith(directory));
		assert.equal(bytes, "the weights".length);
		assert.equal(statSync(folder).mode & 0o777, 0o700);
		assert.equal(statSync(directory).mode & 0o777, 0o700);
		// Whoever may write to the repository changes nothing any more.
		writeFileSync(at("1", "model.onnx"), "other weights");
		assert.equal(readFileSync(path, "utf8"), "the weights");
		for (const [name, text] of [
			[join("1", "data", "more.bin"), "more weights"],
			["labels.txt", "car\nbus\n"],
		] as const)
			assert.equal(readFileSync(join(directory, name), "utf8"), text);
		await release();
		assert.deepEqual(readdirSync(folder), []);
	});

	test("is never loaded with another content, however files change while it is checked", async (t) => {
		const { at, admit } = setUp(t);
		const signed = readFileSync(at("1", "model.onnx"));
		const hostile = Buffer.from("THE WEIGHTS");
		let isOver = false;
		let turn = 0;
		// One turn another file is put in its place, the next the file in place gets its content back.
		const exchange = () => {
			if (isOver) return;
			if (turn++ % 2 === 0) {
				writeFileSync(at("1", "next"), hostile);
				renameSync(at("1", "next"), at("1", "model.onnx"));
			} else writeFileSync(at("1", "model.onnx"), signed);
			setImmediate(exchange);
		};
		exchange();
		const counts = { loaded: 0, refused: 0 };
		for (let round = 0; round < 20; round++)
			try {
				const { path, release } = await admit();
				assert.deepEqual(readFileSync(path), signed);
				counts.loaded++;
				await release();
			} catch (error) {
				assert.match(String(error), /model\.onnx has/);
				counts.refused++;
			}
		isOver = true;
		assert.equal(counts.loaded + counts.refused, 20);
		t.diagnostic(JSON.stringify(counts));
	});

	test("brings none of the files that were added to it", async (t) => {
		const { at, admit, refuses } = setUp(t);
		writeFileSync(at("1", "added.bin"), "x");
		const { directory, release } = await admit();
		assert.equal(existsSync(join(directory, "1", "added.bin")), false);
		await release();
		await refuses(/added\.bin is not in its manifest/, {
			path: at("1", "added.bin"),
		});
	});

	test("may be reached by links, as on volumes of Kubernetes", async (t) => {
		const { at, admit } = setUp(t);
		cpSync(at("1"), at("..", "..", "elsewhere"), { recursive: true });
		rmSync(at("1"), { recursive: true });
		symlinkSync(at("..", "..", "elsewhere"), at("1"));
		const { path, release } = await admit();
		assert.equal(readFileSync(path, "utf8"), "the weights");
		await release();
	});

	test("may be signed as cosign signs files, with a key that is trusted", async (t) => {
		const { at, admit, refuses, sign } = setUp(t);
		rmSync(at("1", SIGNATURE_FILE));
		const bundle = (content: Uint8Array) =>
			JSON.stringify({
				mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
				verificationMaterial: { publicKey: { hint: "" } },
				messageSignature: {
					signature: Buffer.from(KEY.signing.sign(content)).toString("base64"),
				},
			});
		const manifest = readFileSync(at("1", MANIFEST_FILE));
		writeFileSync(at("1", BUNDLE_FILE), bundle(manifest));
		await (await admit()).release();
		writeFileSync(at("1", BUNDLE_FILE), bundle(Buffer.from("another")));
		await refuses(/manifest\.sigstore\.json is not over this manifest/);
		writeFileSync(at("1", BUNDLE_FILE), Buffer.alloc(300_000, 32));
		await refuses(/manifest\.sigstore\.json has 300000 bytes, more than/);
		// Signed anew: what vouched for the old manifest goes.
		sign();
		assert.equal(existsSync(at("1", BUNDLE_FILE)), false);
		await (await admit()).release();
	});

	test("needs a manifest alone in mode digest", async (t) => {
		const { at, admit, refuses } = setUp(t, "digest");
		rmSync(at("1", SIGNATURE_FILE));
		await (await admit({ isOverridden: true, configTexts: [] })).release();
		rmSync(at("1", MANIFEST_FILE));
		await refuses(
			/manifest\.json is missing; make one with: saccade models sign/,
		);
	});
});

describe("a version is refused, and says what to do, when", () => {
	const refused = (
		name: string,
		message: RegExp,
		change: (setting: ReturnType<typeof setUp>) => unknown,
	) =>
		test(name, async (t) => {
			const setting = setUp(t);
			const files = (change(setting) ?? {}) as object;
			await setting.refuses(message, files);
		});

	refused(
		"a file was changed",
		/model\.onnx has SHA-256 \w+, not the/,
		({ at }) => writeFileSync(at("1", "model.onnx"), "the we1ghts"),
	);
	refused("a file grew", /model\.onnx has more than the 11 bytes/, ({ at }) =>
		appendFileSync(at("1", "model.onnx"), "!"),
	);
	refused("a file is half there", /has 5 bytes, not the 12/, ({ at }) =>
		writeFileSync(at("1", "data", "more.bin"), "more "),
	);
	refused(
		"a file is gone",
		/more\.bin.* cannot be read.*restore it/,
		({ at }) => rmSync(at("1", "data", "more.bin")),
	);
	refused(
		"a file became a directory",
		/no plain file|EISDIR|cannot be read/,
		({ at }) => {
			rmSync(at("1", "data", "more.bin"));
			mkdirSync(at("1", "data", "more.bin"));
		},
	);
	refused("the labels were changed", /labels\.txt has/, ({ at }) =>
		writeFileSync(at("labels.txt"), "bus\ncar\n"),
	);
	refused(
		"its signature is missing",
		/manifest\.sig is missing; sign/,
		({ at }) => rmSync(at("1", SIGNATURE_FILE)),
	);
	refused("its signature is none", /is no signature/, ({ at }) =>
		writeFileSync(at("1", SIGNATURE_FILE), "yes, really"),
	);
	refused(
		"its manifest was changed after signing",
		/not over this manifest\.json/,
		({ at }) => appendFileSync(at("1", MANIFEST_FILE), " "),
	);
	refused(
		"its signature is an older manifest's",
		/not over this manifest\.json/,
		({ at, sign }) => {
			const old = readFileSync(at("1", SIGNATURE_FILE));
			writeFileSync(at("1", "model.onnx"), "new weights");
			sign();
			writeFileSync(at("1", SIGNATURE_FILE), old);
		},
	);
	refused(
		"somebody else signed it",
		/by key [0-9a-f]{16}, which is not trusted/,
		({ directory }) => {
			const key = makeKey().signing;
			signVersion({ directory, model: "m", version: 1, key, expiresMs: null });
		},
	);
	refused(
		"its manifest has expired",
		/expired at 2025-12-31.*sign again/,
		({ sign }) => {
			sign({ expiresMs: NOW_MS - 1 });
		},
	);
	refused(
		"it is another version, copied",
		/that of model 'm' version 1: it was copied/,
		({ at }) => {
			cpSync(at("1"), at("2"), { recursive: true });
			return { version: 2, path: at("2", "model.onnx") };
		},
	);
	refused(
		"it is another model, copied",
		/that of model 'm' version 1: it was copied/,
		() => ({
			model: "n",
		}),
	);
	refused(
		"its configuration was changed",
		/configuration is not the one/,
		() => ({
			configTexts: [CONFIG, "max_batch_size: 8\n"],
		}),
	);
	refused(
		"a configuration was added",
		/configuration is not in manifest\.json/,
		({ at, sign }) => {
			rmSync(at("config.pbtxt"));
			sign();
		},
	);
	refused("a request brings its configuration", /signed by nobody/, () => ({
		isOverridden: true,
		configTexts: [],
	}));
	for (const [name, path] of [
		["leads up", "../../../etc/passwd"],
		["is absolute", "/etc/passwd"],
		["goes there and back", "data/../../x"],
	] as const)
		refused(
			`a path of its manifest ${name}, whoever signed it`,
			/leads out of its directory/,
			({ at, directory }) => {
				signVersion({
					directory,
					model: "m",
					version: 1,
					key: null,
					expiresMs: null,
				});
				const text = readFileSync(at("1", MANIFEST_FILE), "utf8");
				const changed = Buffer.from(
					text.replace('"model.onnx"', JSON.stringify(path)),
				);
				writeFileSync(at("1", MANIFEST_FILE), changed);
				const { id, sign } = KEY.signing;
				const signature = sign(
					Buffer.concat([Buffer.from("saccade-manifest-1\0"), changed]),
				);
				writeFileSync(
					at("1", SIGNATURE_FILE),
					`${id} ${Buffer.from(signature).toString("base64")}\n`,
				);
			},
		);
});

test("what servers left behind that were killed is removed, and what running ones use stays", async (t) => {
	const { folder, admit } = setUp(t);
	const leftover = join(folder, "4194304-abc");
	const inUse = join(folder, `${process.ppid}-abc`);
	for (const path of [leftover, inUse]) mkdirSync(path, { recursive: true });
	const { release } = await admit();
	assert.equal(existsSync(leftover), false);
	assert.equal(existsSync(inUse), true);
	await release();
});

test("a state directory that cannot be written refuses the version with what to do", async (t) => {
	const { folder, admit } = setUp(t);
	mkdirSync(join(folder, ".."), { recursive: true });
	writeFileSync(folder, "in the way");
	await assert.rejects(admit(), {
		code: "LOAD_FAILED",
		message: /cannot be copied to .*--state-dir/,
	});
});

test("a disk that is full refuses the version with what to do", {
	skip: process.platform !== "linux",
}, (t) => {
	const { at, directory, folder, sign } = setUp(t);
	writeFileSync(at("1", "model.onnx"), Buffer.alloc(1024 * 1024));
	sign();
	mkdirSync(folder, { recursive: true });
	const request = {
		directory,
		model: "m",
		version: 1,
		mode: "signature",
		keys: [KEY.publicPem],
		nowMs: NOW_MS,
		configTexts: [CONFIG],
		copyTo: folder,
	};
	const module = join(import.meta.dirname, "check-version.ts");
	const script = `import { checkVersion } from ${JSON.stringify(module)};
		process.stdout.write(String(checkVersion(${JSON.stringify(request)})));`;
	const { status, stdout, stderr, error } = spawnSync(
		"unshare",
		[
			...["-rm", "sh", "-c"],
			`mount -t tmpfs -o size=128k none '${folder}' && exec "$@"`,
			...["sh", process.execPath, "-C", "source", "--input-type=module"],
			...["-e", script],
		],
		{ encoding: "utf8", timeout: 30_000 },
	);
	const isMissing = error !== undefined || /^(unshare|mount):/m.test(stderr);
	if (isMissing && process.env["SACCADE_REQUIRE_TOOLS"] !== "1") {
		t.skip("no file system can be mounted here");
		return;
	}
	assert.equal(status, 0, stderr);
	assert.match(stdout, /no room to copy model\.onnx to .*ENOSPC.*--state-dir/);
});
