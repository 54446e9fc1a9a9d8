import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Router } from "./routes.ts";

const router = new Router();

describe("routes", () => {
	const known: readonly (readonly [
		url: string,
		name: string,
		model?: string,
		version?: string,
		region?: string,
	])[] = [
		["/v2", "server"],
		["/v2/health/live", "live"],
		["/v2/health/ready", "ready"],
		["/v2/models/stats", "allStats"],
		["/v2/models/m", "model", "m"],
		["/v2/models/m/versions/12", "model", "m", "12"],
		["/v2/models/m/ready", "modelReady", "m"],
		["/v2/models/m/versions/1/ready", "modelReady", "m", "1"],
		["/v2/models/m/config", "config", "m"],
		["/v2/models/m/versions/1/config", "config", "m", "1"],
		["/v2/models/m/stats", "stats", "m"],
		["/v2/models/m/versions/1/stats", "stats", "m", "1"],
		["/v2/models/m/infer", "infer", "m"],
		["/v2/models/m/versions/1/infer", "infer", "m", "1"],
		["/v2/models/m/generate", "generate", "m"],
		["/v2/models/m/versions/1/generate", "generate", "m", "1"],
		["/v2/models/m/generate_stream", "generateStream", "m"],
		["/v2/models/m/trace/setting", "modelTrace", "m"],
		["/v2/trace/setting", "trace"],
		["/v2/logging", "logging"],
		["/v2/repository/index", "index"],
		["/v2/repository/r/index", "index", "", "", "r"],
		["/v2/repository/models/m/load", "load", "m"],
		["/v2/repository/r/models/m/load", "load", "m", "", "r"],
		["/v2/repository/models/m/unload", "unload", "m"],
		["/v2/systemsharedmemory/status", "shmStatus"],
		["/v2/systemsharedmemory/region/r/status", "shmStatus", "", "", "r"],
		["/v2/systemsharedmemory/region/r/register", "shmRegister", "", "", "r"],
		["/v2/systemsharedmemory/unregister", "shmUnregister"],
		[
			"/v2/systemsharedmemory/region/r/unregister",
			"shmUnregister",
			"",
			"",
			"r",
		],
		["/v2/cudasharedmemory/status", "shmStatus"],
		["/v2/cudasharedmemory/region/r/register", "shmRegister", "", "", "r"],
		["/v2/cudasharedmemory/unregister", "shmUnregister"],
	];
	for (const [url, name, model = "", version = "", region = ""] of known)
		test(`${url} is ${name}`, () => {
			const route = router.match(url);
			assert.deepEqual(
				[route?.name, route?.model, route?.version, route?.region],
				[name, model, version, region],
			);
			assert.equal(router.match(`${url}/`), null, "a slash at the end");
			assert.equal(router.match(`/${url}`), null, "a slash too many");
			assert.equal(router.match(url.toUpperCase()), null, "another case");
			assert.equal(router.match(`${url}?a=1&b=/x?y`)?.name, name);
		});

	test("a model named like a word of the path is still found where that can be", () => {
		assert.equal(router.match("/v2/models/stats/infer")?.model, "stats");
		assert.equal(router.match("/v2/models/versions/infer")?.model, "versions");
		assert.equal(router.match("/v2/models/stats")?.name, "allStats");
	});

	test("versions are digits", () => {
		for (const version of ["x", "-1", "1.0", "", "1x"])
			assert.equal(
				router.match(`/v2/models/m/versions/${version}/infer`),
				null,
			);
	});

	test("names are decoded after the match: an encoded slash stays in the name", () => {
		assert.equal(router.match("/v2/models/a%2Finfer")?.model, "a/infer");
		assert.equal(router.match("/v2/models/a%2Finfer")?.name, "model");
		assert.equal(router.match("/v2/models/%E2%82%AC%20x/infer")?.model, "€ x");
		assert.equal(router.match("/v2/models/%2e%2e/infer")?.model, "..");
	});

	test("what is no percent-encoding is refused", () => {
		for (const name of ["%", "%2", "%zz", "%ff", "%c3%28"])
			assert.throws(() => router.match(`/v2/models/${name}/infer`), {
				code: "INVALID_ARGUMENT",
			});
	});

	test("thousands of different paths cost no memory that grows", () => {
		const one = new Router();
		for (let i = 0; i < 5000; i++)
			assert.equal(one.match(`/v2/models/m${i}/infer`)?.model, `m${i}`);
		assert.equal(one.match("/v2/models/m0/infer")?.model, "m0");
	});
});
