// Whatever is done to a log, verification says so: with the file alone where the head still tells the truth, with the
// key where the head was made anew, and with the heads that the server told where even that was cut back.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { makeKey } from "../common/testing/make-key.ts";
import { toBody } from "./audit-event.ts";
import {
	type AuditRow,
	type Head,
	hashAfter,
	NO_HEAD,
	type SignedHead,
	signedBytes,
} from "./chain.ts";
import { loadOf } from "./testing/log-files.ts";
import { verifyChain } from "./verify-chain.ts";

const KEY = makeKey();

interface Log {
	readonly rows: readonly AuditRow[];
	readonly head: SignedHead;
}

function sign(head: Head): SignedHead {
	const { signing } = KEY;
	return {
		...head,
		keyId: signing.id,
		signature: signing.sign(signedBytes(head)),
	};
}

/** The chain of `bodies` behind `start`: what a forger without the key can make as well. */
function chainOf(bodies: readonly string[], start: Head = NO_HEAD): AuditRow[] {
	let last = start;
	return bodies.map((body) => {
		last = hashAfter(last, body);
		return { ...last, body };
	});
}

const logs = fc
	.array(fc.string({ minLength: 1, maxLength: 20 }), {
		minLength: 2,
		maxLength: 20,
	})
	.map((models): Log => {
		const rows = chainOf(models.map((model) => toBody(loadOf(model), 1)));
		return { rows, head: sign(rows.at(-1) ?? NO_HEAD) };
	});
const picks = fc.nat({ max: 1_000_000 });

const verify = (
	{ rows, head }: Log,
	toldHeads: readonly SignedHead[] = [],
	keys = [KEY.verifying],
) => verifyChain(() => rows, { head, keys, toldHeads });

function assertFound(
	log: Log,
	told: readonly SignedHead[] = [],
	keys = [KEY.verifying],
): void {
	assert.notDeepEqual(verify(log, told, keys).problems, []);
}

describe("a log that was written", () => {
	test("is whole, with and without its key, and holds every head that was told", () => {
		fc.assert(
			fc.property(logs, (log) => {
				const told = log.rows.map(sign);
				const verdict = verify(log, told);
				assert.deepEqual(verdict.problems, []);
				assert.equal(verdict.eventCount, log.rows.length);
				assert.equal(verdict.signedBy, KEY.verifying.id);
				assert.deepEqual(verify(log, [], []).problems, []);
			}),
		);
	});
});

describe("without the key, from the file alone, it is found that", () => {
	const found = (
		name: string,
		change: (rows: AuditRow[], at: number, other: number) => AuditRow[],
	) =>
		test(name, () => {
			fc.assert(
				fc.property(logs, picks, picks, (log, first, second) => {
					const count = log.rows.length;
					const at = first % count;
					// Another one than `at`.
					const other = (at + 1 + (second % (count - 1))) % count;
					const rows = change([...log.rows], at, other);
					assertFound({ ...log, rows }, [], []);
				}),
			);
		});

	found("a character of an event was changed", (rows, at, other) => {
		const { body, ...row } = rows[at] as AuditRow;
		const place = other % body.length;
		const changed = body[place] === "#" ? "!" : "#";
		rows[at] = {
			...row,
			body: body.slice(0, place) + changed + body.slice(place + 1),
		};
		return rows;
	});
	found("a bit of a hash was flipped", (rows, at, other) => {
		const row = rows[at] as AuditRow;
		const hash = Buffer.from(row.hash);
		hash[other % 32] = (hash[other % 32] ?? 0) ^ (1 << (at % 8));
		rows[at] = { ...row, hash };
		return rows;
	});
	found("an event was taken out", (rows, at) => rows.toSpliced(at, 1));
	found("an event was taken out and the others were moved up", (rows, at) =>
		rows.toSpliced(at, 1).map((row, index) => ({ ...row, seq: index + 1 })),
	);
	found("an event was written twice", (rows, at) =>
		rows
			.toSpliced(at, 0, rows[at] as AuditRow)
			.map((row, index) => ({ ...row, seq: index + 1 })),
	);
	found("two events changed places", (rows, at, other) => {
		const [a, b] = [rows[at] as AuditRow, rows[other] as AuditRow];
		rows[at] = { ...b, seq: a.seq };
		rows[other] = { ...a, seq: b.seq };
		return rows;
	});
	found("the end was cut off", (rows, at) => rows.slice(0, at));
	found("the beginning was cut off", (rows, at) => rows.slice(at + 1));
});

describe("with the key it is found that", () => {
	test("the log was written anew from some event on", () => {
		fc.assert(
			fc.property(logs, picks, fc.boolean(), (log, pick, keepsOldHead) => {
				const at = pick % log.rows.length;
				const start = log.rows[at - 1] ?? NO_HEAD;
				const bodies = log.rows.slice(at).map(({ body }) => body);
				bodies[0] = toBody(loadOf("another"), 1);
				const rows = [...log.rows.slice(0, at), ...chainOf(bodies, start)];
				const end = rows.at(-1) ?? NO_HEAD;
				const head = keepsOldHead ? log.head : { ...log.head, ...end };
				assertFound({ rows, head });
			}),
		);
	});

	test("the head is not signed, or signed by somebody else", () => {
		const other = makeKey();
		fc.assert(
			fc.property(logs, (log) => {
				const unsigned = { ...log.head, signature: new Uint8Array(0) };
				assertFound({ ...log, head: unsigned });
				assertFound(log, [], [other.verifying]);
			}),
		);
	});
});

describe("with the heads that were told it is found that", () => {
	test("the log was cut back to an earlier end, whose signed head somebody kept", () => {
		fc.assert(
			fc.property(logs, picks, (log, pick) => {
				const told = log.rows.map(sign);
				const left = 1 + (pick % (log.rows.length - 1));
				const head = told[left - 1] as SignedHead;
				const cut = { rows: log.rows.slice(0, left), head };
				assert.deepEqual(verify(cut).problems, [], "the file alone is whole");
				assertFound(cut, told);
			}),
		);
	});

	test("a log without a key was written anew", () => {
		fc.assert(
			fc.property(logs, picks, (log, pick) => {
				const at = pick % log.rows.length;
				const bodies = log.rows.map(({ body }) => body);
				bodies[at] = toBody(loadOf("another"), 1);
				const rows = chainOf(bodies);
				const head = { ...log.head, ...(rows.at(-1) as AuditRow) };
				assert.deepEqual(verify({ rows, head }, [], []).problems, []);
				assertFound({ rows, head }, log.rows.map(sign), []);
			}),
		);
	});
});
