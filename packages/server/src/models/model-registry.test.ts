import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { LoadedVersion } from "./loading/load-request.ts";
import { type LoadTurn, ModelRegistry } from "./model-registry.ts";
import type { ModelVersion } from "./model-version.ts";
import { makeReadyModel } from "./testing/fake-model.ts";

const SLOW = {
	config: `backend: "fake" parameters { key: "saccade.run_mode" value { string_value: "offload" } }`,
	curveMs: { 1: 100 },
};

function setUp() {
	const log: string[] = [];
	const label = ({ config, version }: ModelVersion) =>
		`${config.name} ${version}`;
	const registry = new ModelRegistry({
		versionReady: (model) => log.push(`ready ${label(model)}`),
		versionGone: (model) => log.push(`gone ${label(model)}`),
		loadFailed: (name, error) => log.push(`failed ${name}: ${error.message}`),
	});
	/** What the index shows: "1 READY, 2 UNAVAILABLE (reason)". */
	const index = () => {
		const records = registry.records("fake");
		if (records === null) return null;
		const ready = records.serving.map(({ version }) => `${version} READY`);
		const others = records.others.map(
			({ version, state, reason }) =>
				`${version} ${state}${reason === "" ? "" : ` (${reason.trim()})`}`,
		);
		return [...ready, ...others].join(", ");
	};
	return { registry, log, index };
}

function ok(model: ModelVersion): LoadedVersion {
	return { ok: true, version: model.version, model };
}

function broken(version: number): LoadedVersion {
	const error = new SaccadeError("LOAD_FAILED", "bad file");
	return { ok: false, version, error };
}

/** A load that ends when the test says so. */
function heldLoad(versions: readonly number[]) {
	const { promise, resolve, reject } =
		Promise.withResolvers<readonly LoadedVersion[]>();
	const load = ({ begun }: LoadTurn) => {
		begun(versions);
		return promise;
	};
	return { load, resolve, reject };
}

function throwsCode(code: string, text: RegExp, action: () => unknown): void {
	assert.throws(action, { code, message: text });
}

describe("looking a model up", () => {
	test("finds the highest version, or the one asked for", async () => {
		const { registry } = setUp();
		const one = (await makeReadyModel()).model;
		const two = (await makeReadyModel({ version: 2 })).model;
		await registry.load("fake", async () => [ok(one), ok(two)]);
		assert.equal(registry.resolve("fake", ""), two);
		assert.equal(registry.resolve("fake", "1"), one);
		assert.deepEqual(registry.versionsOf("fake"), [one, two]);
		assert.deepEqual(registry.serving(), [one, two]);
		await registry.close();
	});

	test("fails with Triton's texts", async () => {
		const { registry } = setUp();
		throwsCode(
			"NOT_FOUND",
			/^Request for unknown model: 'x' is not found$/,
			() => registry.resolve("x", ""),
		);
		const { model } = await makeReadyModel();
		await registry.load("fake", async () => [ok(model)]);
		throwsCode("NOT_FOUND", /'fake' version 9 is not found$/, () =>
			registry.resolve("fake", "9"),
		);
		throwsCode("INVALID_ARGUMENT", /specified version string 'one'$/, () =>
			registry.resolve("fake", "one"),
		);
		await registry.unload("fake");
		throwsCode("NOT_FOUND", /'fake' has no available versions$/, () =>
			registry.versionsOf("fake"),
		);
		await registry.close();
	});
});

describe("loading", () => {
	test("is not absence, even before the versions are known", async () => {
		const { registry } = setUp();
		const { model } = await makeReadyModel();
		const held = Promise.withResolvers<readonly LoadedVersion[]>();
		const loaded = registry.load("fake", () => held.promise);
		await Promise.resolve();
		for (const [version, text] of [
			["", /'fake' is not at ready state/],
			["7", /'fake' version 7 is not at ready state/],
		] as const)
			throwsCode("UNAVAILABLE", text, () => registry.resolve("fake", version));
		held.resolve([ok(model)]);
		await loaded;
		throwsCode("NOT_FOUND", /version 7 is not found/, () =>
			registry.resolve("fake", "7"),
		);
		await registry.close();
	});

	test("shows LOADING and is not settled until every version is ready", async () => {
		const { registry, index, log } = setUp();
		const { model } = await makeReadyModel();
		assert.equal(registry.isSettled, true);
		const held = heldLoad([1]);
		const loaded = registry.load("fake", held.load);
		assert.equal(registry.isSettled, true, "it waits for its turn");
		await Promise.resolve();
		assert.equal(registry.isSettled, false);
		assert.equal(index(), "1 LOADING");
		throwsCode("UNAVAILABLE", /version 1 is not at ready state/, () =>
			registry.resolve("fake", ""),
		);
		held.resolve([ok(model)]);
		await loaded;
		assert.equal(registry.isSettled, true);
		assert.equal(index(), "1 READY");
		assert.deepEqual(log, ["ready fake 1"]);
		await registry.close();
	});

	test("that fails shows why, and keeps the server from being ready until it is mended or unloaded", async () => {
		for (const mend of [true, false]) {
			const { registry, index } = setUp();
			await assert.rejects(
				registry.load("fake", async () => [broken(1)]),
				{
					code: "LOAD_FAILED",
					message:
						"load failed for model 'fake': version 1 is at UNAVAILABLE state: bad file;\n",
				},
			);
			assert.equal(index(), "1 UNAVAILABLE (bad file)");
			assert.equal(registry.isSettled, false);
			const { model } = await makeReadyModel();
			if (mend) await registry.load("fake", async () => [ok(model)]);
			else await registry.unload("fake");
			assert.equal(index(), mend ? "1 READY" : "1 UNAVAILABLE (unloaded)");
			assert.equal(registry.isSettled, true);
			await registry.close();
		}
	});

	test("of one version that fails leaves its siblings unloaded and what served in service", async () => {
		const { registry, index, log } = setUp();
		const old = await makeReadyModel();
		await registry.load("fake", async () => [ok(old.model)]);
		const fresh = await makeReadyModel({ version: 2 });
		await assert.rejects(
			registry.load("fake", async ({ begun }) => {
				begun([2, 3]);
				return [ok(fresh.model), broken(3)];
			}),
			{ code: "LOAD_FAILED" },
		);
		assert.equal(registry.resolve("fake", ""), old.model);
		assert.equal(index(), "1 READY, 3 UNAVAILABLE (bad file)");
		assert.equal(registry.isSettled, true, "a version serves");
		await registry.close();
		assert.equal(fresh.model.state.kind, "unloaded");
		assert.equal(fresh.runtime.openSessionCount, 0);
		assert.deepEqual(
			log.filter((line) => !line.startsWith("failed")),
			["ready fake 1", "gone fake 1"],
			"nobody heard of version 2",
		);
	});

	test("that throws makes the versions it began unavailable, and hides what it threw", async () => {
		const { registry, index } = setUp();
		const held = heldLoad([1, 2]);
		const loaded = registry.load("fake", held.load);
		held.reject(new Error("/secret/path"));
		await assert.rejects(loaded, {
			code: "INTERNAL",
			message: "internal error",
		});
		assert.equal(
			index(),
			"1 UNAVAILABLE (internal error), 2 UNAVAILABLE (internal error)",
		);
		await registry.close();
	});

	test("of a name that stands for nothing is forgotten, by the last who asked", async () => {
		const { registry, index } = setUp();
		const absent = () =>
			Promise.reject(new SaccadeError("NOT_FOUND", "no such directory"));
		const { model } = await makeReadyModel();
		const first = registry.load("fake", absent);
		const second = registry.load("fake", async () => [ok(model)]);
		await assert.rejects(first, { code: "NOT_FOUND" });
		await second;
		assert.equal(registry.resolve("fake", ""), model);
		await assert.rejects(registry.load("other", absent), { code: "NOT_FOUND" });
		assert.equal(registry.records("other"), null);
		assert.equal(index(), "1 READY");
		await registry.close();
	});
});

describe("while requests are in flight", () => {
	test("an unload lets them finish, and frees the model after the last", async () => {
		const { registry, index, log } = setUp();
		const { model, submit, clock, nextTurn, runtime, ...made } =
			await makeReadyModel(SLOW);
		await registry.load("fake", async () => [ok(model)]);
		submit("a");
		await nextTurn();
		await registry.unload("fake");
		assert.equal(index(), "1 UNLOADING");
		assert.equal(registry.isSettled, true, "it was asked for");
		throwsCode("UNAVAILABLE", /version 1 is not at ready state/, () =>
			registry.resolve("fake", ""),
		);
		clock.advance(99_999);
		await nextTurn();
		assert.equal(runtime.openSessionCount, 1);
		clock.advance(1);
		await nextTurn();
		assert.deepEqual(made.log, ["a = 2"]);
		assert.equal(index(), "1 UNAVAILABLE (unloaded)");
		assert.deepEqual(log, ["ready fake 1", "gone fake 1"]);
		assert.equal(runtime.openSessionCount, 0);
	});

	test("a reload switches new requests over, and old ones end where they began", async () => {
		const { registry, index } = setUp();
		const old = await makeReadyModel(SLOW);
		await registry.load("fake", async () => [ok(old.model)]);
		old.submit("old");
		await old.nextTurn();
		const fresh = await makeReadyModel(SLOW);
		const held = heldLoad([1]);
		const reloaded = registry.load("fake", held.load);
		await Promise.resolve();
		assert.equal(registry.resolve("fake", ""), old.model, "until it is ready");
		assert.equal(registry.isSettled, true, "a reload is in the background");
		held.resolve([ok(fresh.model)]);
		await reloaded;
		assert.equal(registry.resolve("fake", ""), fresh.model);
		assert.equal(old.model.state.kind, "draining");
		old.clock.advance(100_000);
		await old.nextTurn();
		assert.deepEqual(old.log, ["old = 2"]);
		assert.equal(old.runtime.openSessionCount, 0);
		assert.equal(index(), "1 READY");
		await registry.close();
	});

	test("a load while the same version still drains is not overwritten by its end", async () => {
		const { registry, index } = setUp();
		const old = await makeReadyModel(SLOW);
		await registry.load("fake", async () => [ok(old.model)]);
		old.submit("old");
		await old.nextTurn();
		await registry.unload("fake");
		const held = heldLoad([1]);
		const loaded = registry.load("fake", held.load);
		await Promise.resolve();
		assert.equal(index(), "1 LOADING");
		old.clock.advance(100_000);
		await old.nextTurn();
		assert.equal(old.model.state.kind, "unloaded");
		assert.equal(index(), "1 LOADING");
		const fresh = await makeReadyModel();
		held.resolve([ok(fresh.model)]);
		await loaded;
		assert.equal(index(), "1 READY");
		await registry.close();
	});
});

describe("operations on one model", () => {
	test("run one after the other: unload waits for a load under way", async () => {
		const { registry, index, log } = setUp();
		const { model, runtime } = await makeReadyModel();
		const held = heldLoad([1]);
		const loaded = registry.load("fake", held.load);
		const unloaded = registry.unload("fake");
		await Promise.resolve();
		assert.equal(index(), "1 LOADING");
		held.resolve([ok(model)]);
		await Promise.all([loaded, unloaded]);
		await registry.close();
		assert.deepEqual(log, ["ready fake 1", "gone fake 1"]);
		assert.equal(index(), "1 UNAVAILABLE (unloaded)");
		assert.equal(runtime.openSessionCount, 0);
	});

	test("do not wait for those on another", async () => {
		const { registry } = setUp();
		const held = heldLoad([1]);
		const stuck = registry.load("stuck", held.load);
		const { model } = await makeReadyModel();
		await registry.load("fake", async () => [ok(model)]);
		assert.equal(registry.resolve("fake", ""), model);
		held.resolve([]);
		await stuck;
		await registry.close();
	});
});

describe("closing", () => {
	test("during a load waits for it and frees what it loaded", async () => {
		const { registry } = setUp();
		const { model, runtime } = await makeReadyModel();
		const held = heldLoad([1]);
		const loaded = registry.load("fake", held.load);
		let isClosed = false;
		const closed = registry.close().then(() => {
			isClosed = true;
		});
		await new Promise(setImmediate);
		assert.equal(isClosed, false);
		held.resolve([ok(model)]);
		await Promise.all([loaded, closed]);
		assert.equal(model.state.kind, "unloaded");
		assert.equal(runtime.openSessionCount, 0);
	});

	test("refuses loads that come later", async () => {
		const { registry, index } = setUp();
		await registry.close();
		const load = () => assert.fail("it must not be called");
		await assert.rejects(registry.load("fake", load), { code: "UNAVAILABLE" });
		assert.equal(index(), null);
	});

	test("waits for requests in flight", async () => {
		const { registry } = setUp();
		const { model, submit, clock, nextTurn, log } = await makeReadyModel(SLOW);
		await registry.load("fake", async () => [ok(model)]);
		submit("a");
		await nextTurn();
		const closed = registry.close();
		await nextTurn();
		assert.equal(model.state.kind, "draining");
		clock.advance(100_000);
		await closed;
		assert.deepEqual(log, ["a = 2"]);
		assert.equal(clock.pendingCount, 0);
	});
});

describe("a model that is to make room", () => {
	const names = (registry: ModelRegistry) =>
		registry.idleModels().map(({ model }) => model);

	test("stays if a request comes before its turn, and goes when that is answered", async () => {
		const { registry } = setUp();
		const { model, submit, log, clock, nextTurn } = await makeReadyModel(SLOW);
		await registry.load("fake", async () => [ok(model)]);
		assert.deepEqual(names(registry), ["fake"]);
		const unloading = registry.unload("fake", true);
		submit("late");
		assert.deepEqual((await unloading).left, []);
		assert.equal(registry.resolve("fake", ""), model);
		assert.deepEqual(names(registry), [], "it is in use");
		await nextTurn();
		clock.advance(100_000);
		await nextTurn();
		assert.deepEqual(log, ["late = 2"]);
		assert.deepEqual(names(registry), ["fake"]);
		assert.equal((await registry.unload("fake", true)).left.length, 1);
		assert.deepEqual(names(registry), []);
		await registry.close();
	});

	test("stays while a sequence is on it, and while another operation on it waits", async () => {
		const { registry } = setUp();
		const { model } = await makeReadyModel();
		await registry.load("fake", async () => [ok(model)]);
		registry.route("fake", "", { id: 1n, start: true, end: false });
		assert.deepEqual(names(registry), []);
		assert.deepEqual((await registry.unload("fake", true)).left, []);
		registry.route("fake", "", { id: 1n, start: false, end: true });
		assert.deepEqual(names(registry), ["fake"]);
		const { load, resolve } = heldLoad([1]);
		const loading = registry.load("fake", load);
		assert.deepEqual(names(registry), []);
		resolve([ok(model)]);
		await loading;
		assert.deepEqual(names(registry), ["fake"]);
		await registry.close();
	});
});
