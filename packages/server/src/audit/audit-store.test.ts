import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { makeKey } from "../common/testing/make-key.ts";
import { fromBody, toBody } from "./audit-event.ts";
import { AuditStore, openAuditLog } from "./audit-store.ts";
import {
	changeBehindItsBack,
	loadOf,
	makeFolder,
	verifyFile,
	writeLog,
} from "./testing/log-files.ts";

const MODELS = ["a", "b", "c", "d", "e"];

function eventsOf(path: string) {
	const log = openAuditLog(path);
	try {
		return [...log.rows()].map(({ seq, body }) => ({ seq, ...fromBody(body) }));
	} finally {
		log.close();
	}
}

describe("the audit log's file", () => {
	test("keeps events in their order, in a file that its owner alone may read", (t) => {
		const path = join(makeFolder(t), "state", "audit.db");
		writeLog(path, MODELS);
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.equal(statSync(join(path, "..")).mode & 0o777, 0o700);
		assert.deepEqual(
			eventsOf(path).map(({ seq, model }) => `${seq} ${model}`),
			["1 a", "2 b", "3 c", "4 d", "5 e"],
		);
		assert.deepEqual(verifyFile(path).problems, []);
	});

	test("is gone on with by the next process", (t) => {
		const key = makeKey();
		const path = join(makeFolder(t), "audit.db");
		writeLog(path, MODELS, key.signing);
		writeLog(path, ["f"], key.signing);
		const { eventCount, problems } = verifyFile(path, [key.verifying]);
		assert.deepEqual([eventCount, problems], [6, []]);
	});

	test("is one chain for two writers at once", (t) => {
		const path = join(makeFolder(t), "audit.db");
		const options = { path, maxEvents: 100, key: null, nowMs: () => 1 };
		const [one, two] = [new AuditStore(options), new AuditStore(options)];
		for (let round = 0; round < 5; round++) {
			assert.equal(one.append([toBody(loadOf("a"), 1)]).tampered, null);
			assert.equal(two.append([toBody(loadOf("b"), 1)]).tampered, null);
		}
		one.close();
		two.close();
		const { eventCount, problems } = verifyFile(path);
		assert.deepEqual([eventCount, problems], [10, []]);
	});

	test("never grows beyond its limit, and says what it dropped", (t) => {
		const key = makeKey();
		const path = join(makeFolder(t), "audit.db");
		let largest = 0;
		for (let round = 0; round < 60; round++) {
			writeLog(path, ["a"], key.signing, 16);
			const verdict = verifyFile(path, [key.verifying]);
			assert.deepEqual(verdict.problems, [], `after ${round + 1} events`);
			largest = Math.max(largest, verdict.eventCount);
		}
		// The event that says so is one more.
		assert.ok(largest <= 17, `${largest} events`);
		const events = eventsOf(path);
		assert.ok((events[0]?.seq ?? 0) > 40);
		assert.ok(events.some(({ what }) => what === "audit-rotated"));
	});

	test("that was cut at its beginning is not taken for one that rotated", (t) => {
		const path = join(makeFolder(t), "audit.db");
		writeLog(path, Array(40).fill("a"), null, 16);
		const first = eventsOf(path)[0]?.seq ?? 0;
		assert.deepEqual(verifyFile(path).problems, []);
		changeBehindItsBack(path, `DELETE FROM event WHERE seq <= ${first + 2}`);
		assert.match(verifyFile(path).problems[0] ?? "", /beginning was cut off/);
	});

	for (const [name, sql, problem] of [
		[
			"changed",
			"UPDATE event SET body = replace(body, '\"c\"', '\"x\"')",
			/event 3 is not what was written/,
		],
		["cut", "DELETE FROM event WHERE seq > 3", /the end was cut off/],
		["thinned", "DELETE FROM event WHERE seq = 3", /events 3 to 3 are missing/],
		[
			"reordered",
			"UPDATE event SET seq = -seq; UPDATE event SET seq = CASE seq WHEN -2 THEN 4 WHEN -4 THEN 2 ELSE -seq END",
			/event 2 is not what was written/,
		],
		["beheaded", "DELETE FROM head", /the head, .*, is missing/],
	] as const)
		test(`that was ${name} outside is found out`, (t) => {
			const path = join(makeFolder(t), "audit.db");
			writeLog(path, MODELS);
			changeBehindItsBack(path, sql);
			const { problems } = verifyFile(path);
			assert.match(problems.join("; "), problem);
		});

	test("refuses a slip of the hand", (t) => {
		const path = join(makeFolder(t), "audit.db");
		writeLog(path, MODELS);
		const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
		const db = new DatabaseSync(path);
		t.after(() => db.close());
		for (const sql of ["UPDATE event SET body = ''", "DELETE FROM event"])
			assert.throws(() => db.exec(sql), /audit log is appended to/);
	});

	test("tells its writer that it was changed meanwhile, and keeps that", (t) => {
		const path = join(makeFolder(t), "audit.db");
		const store = new AuditStore({
			path,
			maxEvents: 100,
			key: null,
			nowMs: () => 1,
		});
		t.after(() => store.close());
		for (const model of MODELS) store.append([toBody(loadOf(model), 1)]);
		changeBehindItsBack(
			path,
			"DELETE FROM event WHERE seq = 5; UPDATE head SET seq = 4, hash = (SELECT hash FROM event WHERE seq = 4)",
		);
		const { tampered } = store.append([toBody(loadOf("f"), 1)]);
		assert.match(
			tampered ?? "",
			/event 5, which this server wrote, is not there/,
		);
		const last = eventsOf(path).slice(-2);
		assert.deepEqual(
			last.map(({ what }) => what),
			["audit-tampered", "load"],
		);
		assert.equal(store.append([toBody(loadOf("g"), 1)]).tampered, null);
	});

	test("knows that its file was removed or replaced", (t) => {
		const path = join(makeFolder(t), "audit.db");
		const store = new AuditStore({
			path,
			maxEvents: 100,
			key: null,
			nowMs: () => 1,
		});
		t.after(() => store.close());
		assert.equal(store.isGone, false);
		const copy = readFileSync(path);
		rmSync(path);
		assert.equal(store.isGone, true);
		writeFileSync(path, copy);
		assert.equal(store.isGone, true);
	});
});
