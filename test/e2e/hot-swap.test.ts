// Swaps as an operator makes them: a server in a process of its own follows a repository of real models, clients ask all
// the time, and whatever is copied, linked, removed or broken there, each request is answered by a version that was whole.
import assert from "node:assert/strict";
import {
	cpSync,
	mkdirSync,
	mkdtempSync,
	renameSync,
	rmSync,
	symlinkSync,
	unlinkSync,
	writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
	putFile,
	type Scaling,
	scalingConfig,
	scalingModel,
} from "../support/scaling-model.ts";
import { until } from "../support/until.ts";
import { serve } from "./support/command.ts";

const SETTLE_MS = 150;
const WATCH = [
	"--model-control-mode=watch",
	`--repository-settle-ms=${SETTLE_MS}`,
	"--audit=false",
	"--prepared-models=off",
];
const timeout = 120_000;

interface Swaps {
	readonly swaps: readonly {
		readonly id: number;
		readonly action: string;
		readonly state: string;
		readonly phase: string | null;
		readonly from: readonly { readonly version: number }[];
		readonly to: readonly { readonly version: number }[];
		readonly switch_us: number | null;
		readonly failure: {
			readonly phase: string;
			readonly error: string;
			readonly advice: string;
		} | null;
		readonly shadow: {
			readonly samples: number;
			readonly outputs: readonly {
				readonly name: string;
				readonly max_difference: number;
				readonly within: boolean;
			}[];
		} | null;
		readonly canary: {
			readonly old: { readonly requests: number };
			readonly new: { readonly requests: number };
		} | null;
	}[];
}

/** Model `m`, whose version 1 doubles, served from a repository of its own. */
async function setUp(
	t: TestContext,
	{
		settings = {},
	}: { readonly settings?: Readonly<Record<string, string>> } = {},
) {
	const root = mkdtempSync(join(tmpdir(), "saccade-hot-swap-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const repository = join(root, "models");
	const put = (path: string, content: Uint8Array | string) =>
		putFile(repository, path, content);
	const putVersion = (version: number, scaling: Scaling) =>
		put(`m/${version}/model.onnx`, scalingModel(scaling));
	put("m/config.pbtxt", scalingConfig(settings));
	putVersion(1, { factor: 2 });
	const server = await serve(t, ["--model-repository", repository, ...WATCH]);
	const client = clientOf(server.http);
	return { root, repository, put, putVersion, server, ...client };
}

function clientOf(address: string) {
	const url = `http://${address}`;
	const json = async (path: string, init?: RequestInit) =>
		(await fetch(`${url}${path}`, init)).json();
	/** The factor that the answer shows. */
	const ask = async (
		value: number,
		parameters: Readonly<Record<string, number | boolean>> = {},
	) => {
		const answer = (await json("/v2/models/m/infer", {
			method: "POST",
			body: JSON.stringify({
				parameters,
				inputs: [
					{
						name: "input",
						datatype: "FP32",
						shape: [1, 4],
						data: Array(4).fill(value),
					},
				],
			}),
		})) as {
			readonly outputs?: readonly { readonly data: readonly number[] }[];
		};
		return answer.outputs?.[0]?.data[0] ?? JSON.stringify(answer);
	};
	/** The factor that the answer shows. */
	const factor = async (
		parameters: Readonly<Record<string, number | boolean>> = {},
	): Promise<number> => {
		const answer = await ask(1, parameters);
		return typeof answer === "number" ? answer : assert.fail(answer);
	};
	const swaps = async () =>
		((await json("/saccade/v1/models/m/swaps")) as Swaps).swaps;
	/** The last operation, when there are so many and it has ended. */
	const ended = async (count: number) => {
		let last: Swaps["swaps"][number] | undefined;
		await until(`${count} operations`, async () => {
			const all = await swaps();
			last = all[0];
			return all.length >= count && last?.state !== "running";
		});
		return last ?? assert.fail();
	};
	return { url, json, ask, factor, swaps, ended };
}

/** Asks one request after another until the promise is settled, on some connections at once. */
async function askUntil<T>(
	factor: () => Promise<number>,
	until: Promise<T>,
): Promise<{ readonly result: T; readonly factors: readonly number[] }> {
	let isOver = false;
	const over = until.finally(() => {
		isOver = true;
	});
	const asker = async (): Promise<number[]> => {
		const factors: number[] = [];
		while (!isOver) factors.push(await factor());
		return factors;
	};
	const [result, ...factors] = await Promise.all([
		over,
		...[1, 2, 3, 4].map(asker),
	]);
	for (const own of factors)
		assert.deepEqual(
			own,
			[...own].sort((a, b) => a - b),
			"never back again",
		);
	return { result, factors: factors.flat() };
}

describe("a new version that is whole", { timeout }, () => {
	test("takes over while clients ask, and none of them notices", async (t) => {
		const { putVersion, factor, ended, json } = await setUp(t);
		assert.equal(await factor(), 2);
		const sequence = { sequence_id: 7 };
		assert.equal(await factor({ ...sequence, sequence_start: true }), 2);
		putVersion(2, { factor: 3 });
		const { result, factors } = await askUntil(factor, ended(2));
		assert.equal(result.state, "switched");
		assert.equal(await factor(sequence), 2, "it stays to its end");
		assert.equal(await factor({ ...sequence, sequence_end: true }), 2);
		assert.equal(await factor(sequence), 3);
		assert.deepEqual(
			[result.from, result.to].map((all) => all.map(({ version }) => version)),
			[[1], [2]],
		);
		assert.ok(
			(result.switch_us ?? 1e9) <= 1000,
			`switch ${result.switch_us} µs`,
		);
		assert.ok(factors.includes(2));
		assert.deepEqual(
			factors.filter((value) => value !== 2 && value !== 3),
			[],
		);
		assert.equal(await factor(), 3);
		const index = await json("/v2/repository/index", { method: "POST" });
		assert.deepEqual(
			(index as { version: string; state: string }[]).map(
				({ version, state }) => `${version} ${state}`,
			),
			["2 READY", "1 UNAVAILABLE"],
			"the last sequence has ended",
		);
	});

	test("is found behind links that are put elsewhere, as Kubernetes mounts volumes", async (t) => {
		const root = mkdtempSync(join(tmpdir(), "saccade-volume-"));
		t.after(() => rmSync(root, { recursive: true, force: true }));
		const volume = join(root, "models");
		const publish = (date: string, scaling: Scaling) => {
			putFile(join(volume, date), "m/config.pbtxt", scalingConfig());
			putFile(join(volume, date), "m/1/model.onnx", scalingModel(scaling));
			symlinkSync(date, join(volume, "..data_tmp"));
			renameSync(join(volume, "..data_tmp"), join(volume, "..data"));
		};
		publish("..2026_01", { factor: 2 });
		symlinkSync("..data/m", join(volume, "m"));
		const { http } = await serve(t, ["--model-repository", volume, ...WATCH]);
		const { factor, ended } = clientOf(http);
		assert.equal(await factor(), 2);
		publish("..2026_02", { factor: 3 });
		rmSync(join(volume, "..2026_01"), { recursive: true });
		const { result, factors } = await askUntil(factor, ended(2));
		assert.equal(result.state, "switched");
		// The end may be told before the next is asked.
		const all = new Set([...factors, await factor()]);
		assert.deepEqual([...all], [2, 3]);
		// Once more: the watch went along.
		publish("..2026_03", { factor: 4 });
		assert.equal((await ended(3)).state, "switched");
		assert.equal(await factor(), 4);
	});

	test("is found however slowly it is copied, and not before it is whole", async (t) => {
		const { repository, factor, ended } = await setUp(t, {
			settings: { "swap.max_slowdown": "0" },
		});
		const model = scalingModel({ factor: 3, detours: 1 });
		mkdirSync(join(repository, "m/2"));
		const file = await open(join(repository, "m/2/model.onnx"), "w");
		const copy = (async () => {
			const parts = 8;
			const size = Math.ceil(model.byteLength / parts);
			for (let at = 0; at < model.byteLength; at += size) {
				await file.write(model.subarray(at, at + size));
				// Some pauses are longer than the settle time: what lies there then looks done.
				await delay(at === 2 * size ? 4 * SETTLE_MS : SETTLE_MS / 4);
			}
			await file.close();
		})();
		const { factors } = await askUntil(factor, copy);
		assert.deepEqual([...new Set(factors)], [2]);
		await until("the whole file serves", async () => (await factor()) === 3);
		const last = await ended(2);
		assert.equal(last.state, "switched");
	});

	test("is what the last of several writers left", async (t) => {
		const { repository, putVersion, factor, server, swaps } = await setUp(t);
		const path = join(repository, "m/1/model.onnx");
		const write = async (factors: readonly number[]) => {
			for (const one of factors) {
				const model = scalingModel({ factor: one });
				// In place, half and half: each tears what the other has.
				const file = await open(path, "w");
				await file.write(model.subarray(0, model.length / 2));
				await delay(SETTLE_MS / 3);
				await file.write(model.subarray(model.length / 2));
				await file.close();
				await delay(SETTLE_MS / 3);
			}
		};
		const { factors } = await askUntil(
			factor,
			Promise.all([write([3, 4, 5]), write([6, 7, 8])]),
		);
		putVersion(1, { factor: 9 });
		await until("the last one serves", async () => (await factor()) === 9);
		for (const value of factors)
			assert.ok([2, 3, 4, 5, 6, 7, 8].includes(value), `answer ${value}`);
		assert.equal(server.process.exitCode, null);
		assert.ok((await swaps()).length >= 2);
	});
});

describe("what must not serve", { timeout }, () => {
	test("is kept out one after another, and each time the old version goes on and the alarm says why", async (t) => {
		const { repository, put, putVersion, factor, ended, json, server } =
			await setUp(t);
		const whole = scalingModel({ factor: 3 });
		const half = whole.subarray(0, whole.length / 2);
		const corrupt = Uint8Array.from(whole).fill(0xff, 40, 200);
		const config = scalingConfig();
		const cases: readonly (readonly [
			what: string,
			make: () => void,
			phase: string,
			why: RegExp,
		])[] = [
			[
				"a half-copied file",
				() => put("m/2/model.onnx", half),
				"loading",
				/'2\/model\.onnx' is not whole: it ends \d+ bytes early/,
			],
			["a corrupt file", () => put("m/2/model.onnx", corrupt), "loading", /./],
			[
				"text",
				() => put("m/2/model.onnx", "This is not a model.\n"),
				"loading",
				/./,
			],
			[
				"other shapes than its configuration's",
				() => putVersion(2, { factor: 3, width: 5 }),
				"validating",
				/./,
			],
			[
				"other shapes than before",
				() => {
					put(
						"m/config.pbtxt",
						config.replaceAll("dims: [ 4 ]", "dims: [ 5 ]"),
					);
				},
				"validating",
				/cannot follow version 1.*input 'input' was FP32 \[4\], is FP32 \[5\]/,
			],
			[
				"a configuration that contradicts its model",
				() => {
					putVersion(2, { factor: 3 });
					put("m/config.pbtxt", config.replace("TYPE_FP32", "TYPE_INT64"));
				},
				"validating",
				/INT64/,
			],
			[
				"a configuration that cannot be read",
				() => put("m/config.pbtxt", "max_batch_size: many"),
				"loading",
				/configuration of model .m.: integer value expected/,
			],
			[
				"a model that fails when it runs",
				() => {
					put("m/config.pbtxt", config);
					putVersion(2, { factor: 3, failsAtRun: true });
				},
				"warming",
				/./,
			],
			[
				"a model many times slower",
				() => putVersion(2, { factor: 3, detours: 4 }),
				"warming",
				/times the .* of the version in service; saccade\.swap\.max_slowdown is 5/,
			],
			[
				"a loop of links",
				() => {
					rmSync(join(repository, "m/2"), { recursive: true });
					symlinkSync("3", join(repository, "m/2"));
					symlinkSync("2", join(repository, "m/3"));
				},
				"loading",
				/loop of links/,
			],
		];
		let count = 1;
		for (const [what, make, phase, why] of cases) {
			make();
			count++;
			const { result, factors } = await askUntil(factor, ended(count));
			assert.equal(result.state, "failed", what);
			assert.equal(
				result.failure?.phase,
				phase,
				`${what}: ${result.failure?.error}`,
			);
			assert.match(result.failure?.error ?? "", why, what);
			assert.notEqual(result.failure?.advice, "", what);
			assert.deepEqual([...new Set(factors)], [2], what);
			const ready = await fetch(`http://${server.http}/v2/health/ready`);
			assert.equal(ready.status, 200, what);
			const { alarms } = (await ready.json()) as { alarms?: string[] };
			assert.equal(alarms?.length, 1, what);
			const index = JSON.stringify(
				await json("/v2/repository/index", { method: "POST" }),
			);
			assert.match(index, /"version":"1","state":"READY"/, what);
			assert.match(
				index,
				/"state":"UNAVAILABLE","reason":"[^"]|READY","reason":"serves on/,
				what,
			);
			const metrics = await (
				await fetch(`http://${server.metrics}/metrics`)
			).text();
			assert.match(metrics, /^saccade_swap_failed\{model="m"\} 1$/m, what);
		}
		// Mended: it takes over, and nothing is wrong any more.
		unlinkSync(join(repository, "m/2"));
		unlinkSync(join(repository, "m/3"));
		putVersion(2, { factor: 3 });
		assert.equal((await ended(count + 1)).state, "switched");
		assert.equal(await factor(), 3);
		assert.deepEqual(await json("/v2/health/ready"), { ready: true });
		assert.match(server.errors(), /serves on|goes on/);
	});

	test("is what is left when versions are removed: the next lower one serves, and the last one stays", async (t) => {
		const { repository, putVersion, factor, ended, server } = await setUp(t);
		putVersion(2, { factor: 3 });
		await ended(2);
		assert.equal(await factor(), 3);
		rmSync(join(repository, "m/2"), { recursive: true });
		const back = await ended(3);
		assert.deepEqual(
			back.to.map(({ version }) => version),
			[1],
		);
		assert.equal(await factor(), 2);
		rmSync(join(repository, "m/1"), { recursive: true });
		const { result } = await askUntil(factor, ended(4));
		assert.equal(result.state, "failed");
		assert.match(result.failure?.error ?? "", /at least one version/);
		assert.equal(await factor(), 2);
		// The model as a whole is gone: that is meant.
		rmSync(join(repository, "m"), { recursive: true });
		const gone = await ended(5);
		assert.equal(gone.action, "unload");
		assert.equal(gone.state, "unloaded");
		const answer = await fetch(`http://${server.http}/v2/models/m/ready`);
		assert.equal(answer.status, 404);
	});
});

test("what is only touched, copied over itself, or renamed away and back is not loaded again", {
	timeout,
}, async (t) => {
	const { repository, put, putVersion, factor, swaps, ended } = await setUp(t);
	putVersion(1, { factor: 2 });
	put("m/config.pbtxt", scalingConfig());
	// An operation may end as unchanged; nothing is switched.
	renameSync(join(repository, "m"), join(repository, ".m"));
	cpSync(join(repository, ".m"), join(repository, "m"), { recursive: true });
	writeFileSync(join(repository, "m/1/README.md"), "not for the server");
	putVersion(2, { factor: 3 });
	await until("the next version serves", async () => (await factor()) === 3);
	await ended(2);
	const states = (await swaps()).map(({ state }) => state);
	assert.equal(states.filter((state) => state === "switched").length, 2);
	assert.ok(!states.includes("failed"), states.join(" "));
});

describe("a version that has more to show", { timeout }, () => {
	const SHADOW = {
		"shadow.samples": "8",
		"shadow.tolerance": "output = 0.1",
	};

	test("is compared on what clients asked lately, and kept out where its answers are others", async (t) => {
		const { putVersion, factor, ended } = await setUp(t, { settings: SHADOW });
		await factor();
		putVersion(2, { factor: 3 });
		const far = await ended(2);
		assert.equal(far.failure?.phase, "shadowing");
		assert.match(far.failure?.error ?? "", /'output' differs by up to 0\.500/);
		assert.equal(far.shadow?.samples, 1);
		assert.equal(await factor(), 2);
		putVersion(2, { factor: 2.1 });
		const near = await ended(3);
		assert.equal(near.state, "switched");
		const [output] = near.shadow?.outputs ?? [];
		assert.equal(output?.name, "output");
		assert.ok(Math.abs((output?.max_difference ?? 1) - 0.05) < 1e-4);
		assert.equal(output?.within, true);
	});

	test("is kept out where it fails on what clients asked lately, though it passes its warm-up", async (t) => {
		const { putVersion, ask, ended } = await setUp(t, { settings: SHADOW });
		assert.equal(await ask(9), 18);
		putVersion(2, { factor: 2, failsFrom: 4 });
		const { failure } = await ended(2);
		assert.equal(failure?.phase, "shadowing");
		assert.match(
			failure?.error ?? "",
			/fails on a recent request that the version in service answers/,
		);
		assert.equal(await ask(9), 18);
	});

	const CANARY = {
		"canary.weight": "0.5",
		"canary.seconds": "0.3",
		"canary.requests": "30",
		"canary.max_slowdown": "1000",
	};

	/** Asks for 9 until the operation has ended. */
	async function askMeanwhile<T>(
		ask: (value: number) => Promise<number | string>,
		until: Promise<T>,
	) {
		const answers: (number | string)[] = [];
		let isOver = false;
		const over = until.finally(() => {
			isOver = true;
		});
		while (!isOver) answers.push(await ask(9));
		return { result: await over, answers };
	}

	test("answers its share of the requests, and takes over", async (t) => {
		const { putVersion, ask, ended } = await setUp(t, { settings: CANARY });
		putVersion(2, { factor: 3 });
		const { result, answers } = await askMeanwhile(ask, ended(2));
		assert.equal(result.state, "switched");
		const { old, new: next } = result.canary ?? assert.fail();
		assert.ok(next.requests >= 30);
		assert.ok(Math.abs(old.requests - next.requests) <= 2);
		assert.deepEqual([...new Set(answers)].sort(), [18, 27]);
		assert.equal(await ask(9), 27);
	});

	test("is rolled back as soon as it fails requests that the old version answers", async (t) => {
		const { putVersion, ask, ended } = await setUp(t, {
			settings: { ...CANARY, "canary.seconds": "600" },
		});
		putVersion(2, { factor: 3, failsFrom: 4 });
		const { result, answers } = await askMeanwhile(ask, ended(2));
		assert.equal(result.failure?.phase, "canary");
		assert.match(
			result.failure?.error ?? "",
			/20 of 20 requests to the new version failed/,
		);
		const failed = answers.filter((answer) => typeof answer === "string");
		assert.ok(failed.length <= 21, `${failed.length} requests failed`);
		for (let i = 0; i < 4; i++) assert.equal(await ask(9), 18);
	});
});
