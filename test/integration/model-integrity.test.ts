// Versions that must be signed, in the whole server: what is refused does not serve, says why, and serves once signed.
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeKey } from "../../packages/server/src/common/testing/make-key.ts";
import { signVersion } from "../../packages/server/src/integrity/sign-version.ts";
import {
	addModelFile,
	makeModelRepository,
} from "../support/model-repository.ts";
import { startTestServer } from "../support/test-server.ts";

const KEY = makeKey();

async function setUp(t: TestContext) {
	const repository = makeModelRepository(t, "simple");
	const state = join(repository, ".state");
	const keyFile = join(repository, "key.pem");
	writeFileSync(keyFile, KEY.publicPem);
	const server = await startTestServer(
		repository,
		"--model-control-mode=explicit",
		"--model-integrity=signature",
		`--model-integrity-key=${keyFile}`,
		`--state-dir=${state}`,
	);
	t.after(() => server.close());
	const post = (path: string, body: object = {}) =>
		fetch(`http://127.0.0.1:${server.http.port}/v2/repository/${path}`, {
			method: "POST",
			body: JSON.stringify(body),
		});
	const load = async (model: string, parameters: object = {}) => {
		const answer = await post(`models/${model}/load`, { parameters });
		return answer.status === 200 ? "loaded" : await answer.text();
	};
	const sign = (model: string) =>
		signVersion({
			directory: join(repository, model),
			model,
			version: 1,
			key: KEY.signing,
			expiresMs: null,
		});
	return { repository, state, post, load, sign };
}

test("a version without a signature does not serve until it is signed", {
	timeout: 60_000,
}, async (t) => {
	const { repository, state, post, load, sign } = await setUp(t);
	assert.match(
		await load("simple"),
		/may not serve.*manifest\.json is missing/,
	);
	const index = (await (await post("index")).json()) as {
		name: string;
		state?: string;
		reason?: string;
	}[];
	const entry = index.find(({ name }) => name === "simple");
	assert.equal(entry?.state, "UNAVAILABLE");
	assert.match(entry?.reason ?? "", /saccade models sign/);
	sign("simple");
	assert.equal(await load("simple"), "loaded");
	assert.deepEqual(readdirSync(join(state, "verified")), []);
	// The version in service stays when its successor is not what was signed.
	addModelFile(
		repository,
		"simple",
		join(repository, "simple", "config.pbtxt"),
	);
	assert.match(await load("simple"), /model\.onnx has/);
	const ready = await fetch(
		`${(await post("index")).url.replace(/repository.*/, "")}models/simple/ready`,
	);
	assert.equal(ready.status, 200);
});

test("files that come with a request must be signed as well, and their configuration cannot be", {
	timeout: 60_000,
}, async (t) => {
	const { load } = await setUp(t);
	const answer = await load("simple", {
		config: '{"backend":"onnxruntime"}',
		"file:1/model.onnx": Buffer.from("x").toString("base64"),
	});
	assert.match(answer, /signed by nobody/);
});
