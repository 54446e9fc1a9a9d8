import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { until } from "../../../../test/support/until.ts";
import { ManualClock } from "../common/manual-clock.ts";
import { makeKey } from "../common/testing/make-key.ts";
import { fromBody } from "./audit-event.ts";
import { type AuditHead, AuditLog, type AuditLogOptions } from "./audit-log.ts";
import { openAuditLog } from "./audit-store.ts";
import type { SignedHead } from "./chain.ts";
import {
	changeBehindItsBack,
	loadOf,
	makeFolder,
} from "./testing/log-files.ts";
import { verifyChain } from "./verify-chain.ts";

/** A log and, in their order, the things it tells. */
function setUp(
	t: TestContext,
	path: string,
	options: Partial<AuditLogOptions> = {},
) {
	const clock = new ManualClock();
	const heads: AuditHead[] = [];
	const told: string[] = [];
	let wake = () => {};
	const tell = (text: string) => {
		told.push(text);
		wake();
	};
	const log = new AuditLog({
		path,
		maxEvents: 1000,
		keyPem: "",
		clock,
		nowMs: () => 1,
		listener: {
			headChanged: (head) => {
				heads.push(head);
				tell(`head ${head.seq}`);
			},
			tampered: (text) => tell(`tampered: ${text}`),
			failed: (text) => tell(`failed: ${text}`),
			recovered: () => tell("recovered"),
		},
		...options,
	});
	// The log's thread keeps no process alive.
	const keepAlive = setInterval(() => {}, 60_000);
	t.after(async () => {
		clearInterval(keepAlive);
		await log.close();
	});
	const untilTold = async (pattern: RegExp) => {
		while (!told.some((text) => pattern.test(text)))
			await new Promise<void>((resolve) => {
				wake = resolve;
			});
	};
	return { log, clock, heads, told, untilTold };
}

function modelsIn(path: string): string[] {
	const stored = openAuditLog(path);
	try {
		return [...stored.rows()].map(({ body }) => {
			const event = fromBody(body);
			return event?.model || (event?.what ?? "");
		});
	} finally {
		stored.close();
	}
}

function toHead(head: AuditHead): SignedHead {
	return {
		...head,
		hash: Buffer.from(head.hash, "hex"),
		signature: Buffer.from(head.signature, "hex"),
	};
}

describe("the audit log", { timeout: 60_000 }, () => {
	test("writes in its thread what is appended, and tells signed heads that are in it", async (t) => {
		const key = makeKey();
		const path = join(makeFolder(t), "audit.db");
		const { log, heads, untilTold } = setUp(t, path, {
			keyPem: key.privatePem,
		});
		log.append(loadOf("a"));
		log.append(loadOf("b"));
		assert.equal(
			log.status().waitingCount,
			2,
			"nothing is written before begin",
		);
		log.begin();
		await untilTold(/^head 2$/);
		log.append(loadOf("c"));
		await log.close();
		assert.deepEqual(modelsIn(path), ["a", "b", "c"]);
		assert.equal(log.status().writtenCount, 3);
		assert.equal(heads.at(-1)?.keyId, key.verifying.id);
		const stored = openAuditLog(path);
		t.after(() => stored.close());
		const verdict = verifyChain(() => stored.rows(), {
			head: stored.head(),
			keys: [key.verifying],
			toldHeads: heads.map(toHead),
		});
		assert.deepEqual(verdict.problems, []);
	});

	test("ends its thread when there is nothing to write, and goes on in another one", async (t) => {
		const path = join(makeFolder(t), "audit.db");
		const { log, clock, told, untilTold } = setUp(t, path);
		const threads = () => log.status().threadCount;
		log.begin();
		for (const [index, model] of ["a", "b", "c"].entries()) {
			assert.equal(threads(), 0);
			log.append(loadOf(model));
			assert.equal(threads(), 1);
			await untilTold(new RegExp(`^head ${index + 1}$`));
			clock.advance(9e6);
			assert.equal(threads(), 1, "more may come");
			clock.advance(1e6);
			await until("the thread has ended", () => threads() === 0);
		}
		assert.deepEqual(modelsIn(path), ["a", "b", "c"]);
		assert.deepEqual(told, ["head 1", "head 2", "head 3"], "nothing is wrong");
	});

	test("loses nothing and keeps the order where events come while its thread ends", async (t) => {
		const path = join(makeFolder(t), "audit.db");
		const { log, clock, told, untilTold } = setUp(t, path);
		log.begin();
		log.append(loadOf("0"));
		await untilTold(/^head 1$/);
		for (let round = 1; round <= 10; round++) {
			// It is told to end, and the next event is there before it has.
			clock.advance(10e6);
			log.append(loadOf(`${round}`));
			assert.equal(log.status().waitingCount, 1);
			await untilTold(new RegExp(`^head ${round + 1}$`));
		}
		await log.close();
		assert.equal(log.status().threadCount, 0);
		assert.deepEqual(
			modelsIn(path),
			Array.from({ length: 11 }, (_, index) => `${index}`),
		);
		assert.ok(!told.some((text) => text.startsWith("tampered")));
	});

	for (const [harm, change, found] of [
		[
			"cut back to an end that it once had",
			"DELETE FROM event WHERE seq = 2; UPDATE head SET seq = 1, hash = (SELECT hash FROM event WHERE seq = 1)",
			/tampered: event 2, which this server wrote, is not there any more/,
		],
		[
			"written anew at its end",
			"UPDATE event SET hash = randomblob(32) WHERE seq = 2",
			/tampered: event 2 has another hash than this server wrote/,
		],
	] as const)
		test(`finds a log that was ${harm} while it had no thread`, async (t) => {
			const path = join(makeFolder(t), "audit.db");
			const { log, clock, told, untilTold } = setUp(t, path);
			log.begin();
			log.append(loadOf("a"));
			log.append(loadOf("b"));
			await untilTold(/^head 2$/);
			clock.advance(10e6);
			await until("no thread", () => log.status().threadCount === 0);
			changeBehindItsBack(path, change);
			log.append(loadOf("c"));
			await untilTold(/^tampered/);
			assert.match(told.join("\n"), found);
		});

	test("writes what waits when it is closed, even if it never began", async (t) => {
		const path = join(makeFolder(t), "audit.db");
		const { log } = setUp(t, path);
		log.append(loadOf("a"));
		await log.close();
		log.append(loadOf("too late"));
		assert.deepEqual(modelsIn(path), ["a"]);
		assert.equal(log.status().lostCount, 1);
	});

	test("goes on in another file, and says why, when its own is removed", async (t) => {
		const path = join(makeFolder(t), "audit.db");
		const { log, told, untilTold } = setUp(t, path);
		log.begin();
		log.append(loadOf("a"));
		await untilTold(/^head 1$/);
		rmSync(path);
		log.append(loadOf("b"));
		await untilTold(/^head 2$/);
		assert.match(told.join(), /tampered: the file was removed/);
		assert.deepEqual(modelsIn(path), ["audit-tampered", "b"]);
	});

	test("tells at its first write what was done to the log while no server ran", async (t) => {
		const path = join(makeFolder(t), "audit.db");
		const first = setUp(t, path);
		for (const model of ["a", "b", "c"]) first.log.append(loadOf(model));
		await first.log.close();
		changeBehindItsBack(path, "DELETE FROM event WHERE seq = 2");
		const { log, told } = setUp(t, path);
		log.append(loadOf("d"));
		await log.close();
		assert.match(told.join(), /tampered: events 2 to 2 are missing/);
		assert.equal(log.status().tamperCount, 1);
	});

	test("puts a file aside that is no database any more", async (t) => {
		const path = join(makeFolder(t), "audit.db");
		writeFileSync(path, "x".repeat(5000));
		const { log, told } = setUp(t, path);
		log.append(loadOf("a"));
		await log.close();
		const aside = /moved to (\S+)/.exec(told.join("\n"))?.[1] ?? "";
		assert.equal(readFileSync(aside, "utf8"), "x".repeat(5000));
		assert.deepEqual(modelsIn(path), ["audit-tampered", "a"]);
	});

	test("keeps events while there is no folder to write to, and writes them when there is", async (t) => {
		const folder = join(makeFolder(t), "state");
		writeFileSync(folder, "in the way");
		const { log, clock, told, untilTold } = setUp(t, join(folder, "audit.db"));
		log.begin();
		log.append(loadOf("a"));
		await untilTold(/^failed/);
		clock.advance(1e6);
		while (log.status().failureCount < 2) await new Promise(setImmediate);
		assert.equal(told.length, 1, "a failure is told once");
		rmSync(folder);
		mkdirSync(folder);
		clock.advance(1e6);
		assert.equal(log.status().failureCount, 2, "the second retry comes later");
		clock.advance(1e6);
		await untilTold(/^recovered$/);
		assert.deepEqual(modelsIn(join(folder, "audit.db")), ["a"]);
		assert.equal(log.status().problem, null);
	});
});

/** What the probe prints; null where the system has no such means. */
function probe(hazard: string, folder: string) {
	const script = join(import.meta.dirname, "testing", "hostile-disk-probe.ts");
	const node = [process.execPath, "-C", "source", script, hazard, folder];
	const [command = "", ...args] =
		hazard === "full"
			? [
					"unshare",
					"-rm",
					"sh",
					"-c",
					`mount -t tmpfs -o size=128k none '${folder}' && exec "$@"`,
					"sh",
					...node,
				]
			: node;
	const { status, stdout, stderr, error } = spawnSync(command, args, {
		encoding: "utf8",
		timeout: 60_000,
	});
	const isMissing = error !== undefined || /^(unshare|mount):/m.test(stderr);
	if (isMissing && process.env["SACCADE_REQUIRE_TOOLS"] !== "1") return null;
	assert.equal(status, 0, stderr);
	return JSON.parse(stdout);
}

for (const [hazard, name, problem] of [
	["full", "a disk that fills up", /disk is full|disk I\/O error/],
	[
		"denied",
		"a folder that may not be written any more",
		/unable to open|readonly/,
	],
] as const)
	test(`${name} costs no event that there is room to keep, and the others are counted`, {
		timeout: 90_000,
		skip: process.platform !== "linux",
	}, (t) => {
		const result = probe(hazard, makeFolder(t));
		if (result === null) {
			t.skip("no file system can be mounted here");
			return;
		}
		assert.match(result.during.problem, problem);
		assert.deepEqual(
			[result.during.waitingCount, result.during.lostCount],
			[3, 2],
		);
		assert.deepEqual(result.problems, []);
		// before, a, b, c, how many are missing, after
		assert.equal(result.eventCount, 6);
		assert.equal(result.after.problem, null);
		assert.equal(result.after.waitingCount, 0);
	});
