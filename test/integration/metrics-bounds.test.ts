// The metrics page of a large and hostile world: it stays well-formed, and as large as the models and pipelines that the
// operator has, whatever clients call themselves.
import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { INSTRUMENTS } from "../../packages/server/src/telemetry/instruments.ts";
import { addFakeModel } from "../support/fake-model.ts";
import {
	type MetricsPage,
	parseMetrics,
	seriesKey,
} from "../support/metrics-page.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const MODEL_COUNT = 200;
const STREAM_COUNT = 1000;
/** As directories may be called. */
const HOSTILE = [
	'quote"',
	'line\nbreak"} 1',
	'model",version="9',
	'a"} 1\nsaccade_evil_total{x="1',
	"# TYPE saccade_evil counter",
	"{}",
	"comma,equals=",
	"räder 車輪 🚗",
	"\u2028separator\u0007",
];
const LABELS = new Set([
	...Object.values(INSTRUMENTS).flatMap(({ labels }) => labels),
	// Of a histogram's buckets.
	"le",
]);

const names = [
	...HOSTILE,
	...Array.from(
		{ length: MODEL_COUNT - HOSTILE.length },
		(_, i) => `model_${i}`,
	),
];

let server: TestServer;
let clean = () => {};

before(async () => {
	const repository = makeModelRepository({
		after: (remove) => {
			clean = remove;
		},
	});
	for (const name of names) addFakeModel(repository, name);
	server = await startTestServer(repository);
});

after(async () => {
	await server.close();
	clean();
});

/** On a connection of its own: the answer's head. */
async function askForPage(): Promise<IncomingMessage> {
	const { port } = server.metrics;
	const request = get({ port, path: "/metrics", agent: false });
	const [answer] = (await once(request, "response")) as [IncomingMessage];
	assert.equal(answer.statusCode, 200);
	return answer;
}

async function scrape(): Promise<MetricsPage> {
	return parseMetrics(await text(await askForPage()));
}

async function infer(model: string): Promise<number> {
	const inputs = [
		{ name: "INPUT0", datatype: "FP32", shape: [1, 1], data: [1] },
	];
	const answer = await fetch(
		`http://127.0.0.1:${server.http.port}/v2/models/${encodeURIComponent(model)}/infer`,
		{ method: "POST", body: JSON.stringify({ inputs }) },
	);
	await answer.arrayBuffer();
	return answer.status;
}

describe("the metrics page of 200 models", { timeout: 120_000 }, () => {
	test("names every model exactly as it is called, and adds nothing", async () => {
		for (const model of HOSTILE) assert.equal(await infer(model), 200, model);
		const page = await scrape();
		const told = page.samples.filter(
			({ name }) => name === "nv_inference_request_success",
		);
		assert.deepEqual(
			told.map(({ labels }) => labels["model"]).sort(),
			names.toSorted(),
		);
		for (const model of HOSTILE)
			assert.equal(
				page.value("nv_inference_request_success", { model, version: "1" }),
				1,
			);
		for (const { name, labels } of page.samples) {
			assert.match(name, /^(nv|saccade|gpu)_[a-z_]+$/);
			assert.doesNotMatch(name, /evil/);
			for (const label of Object.keys(labels))
				assert.ok(LABELS.has(label), label);
			assert.ok(labels["version"] === undefined || labels["version"] === "1");
		}
	});

	test("is no longer with 1,000 streams of devices that call themselves what they like", async () => {
		const { streams } = server.server.services;
		const before = await scrape();
		const open = Array.from({ length: STREAM_COUNT }, (_, i) => {
			const opened = streams.open(
				{
					pipeline: "scalar",
					qos: {},
					sensors: [],
					transforms: [],
					safeCommand: null,
					clockDomain: "device",
					name: `stream "${i}"\n`,
					peer: `peer\\${i}`,
				},
				{ outcome() {}, event() {}, policyChanged() {}, ended() {} },
			);
			assert.ok(opened.ok);
			const { stream } = opened;
			for (const n of [1, 2])
				stream.reading({
					timestampNs: BigInt(n) * 1_000_000n,
					deviceId: `device"} ${i}\nevil{`,
					value: n,
					sequence: n,
					frameId: `frame${i}`,
					budgetUs: 1e6,
					interrupt: false,
					payload: null,
					receivedUs: performance.now() * 1000,
					lease: null,
				});
			return stream;
		});
		const page = await scrape();
		assert.equal(page.value("saccade_streams", { source: "scalar" }), 1000);
		assert.equal(
			page.value("saccade_outcomes_total", {
				source: "scalar",
				outcome: "RESULT",
			}),
			2 * STREAM_COUNT,
		);
		const known = new Set(before.samples.map(seriesKey));
		const added = page.samples.filter((one) => !known.has(seriesKey(one)));
		// A pipeline's own stages are known with its first frame.
		for (const { labels } of added) assert.equal(labels["source"], "scalar");
		assert.ok(added.length < 150, `${added.length} series more`);
		for (const stream of open) stream.cancel();
		const idle = await scrape();
		assert.equal(idle.value("saccade_streams", { source: "scalar" }), 0);
		assert.equal(idle.samples.length, page.samples.length);
	});

	test("is no longer after requests for models, versions and headers that there are not", async () => {
		const before = await scrape();
		for (let i = 0; i < 100; i++)
			assert.notEqual(await infer(`invented"${i}\n`), 200);
		const page = await scrape();
		assert.equal(page.samples.length, before.samples.length);
	});

	test("many scrapers at once each get a whole page", async () => {
		const pages = await Promise.all(Array.from({ length: 20 }, scrape));
		for (const page of pages)
			assert.equal(page.samples.length, pages[0]?.samples.length);
	});

	test("a scraper that leaves in the middle, or never reads, harms nobody", async () => {
		const silent = await askForPage();
		for (let i = 0; i < 5; i++) (await askForPage()).destroy();
		assert.ok((await scrape()).samples.length > 0);
		assert.equal(await infer("model_0"), 200);
		silent.destroy();
	});
});
