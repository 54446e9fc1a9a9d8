import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "@saccade/grpc";
import { ERROR_CODES, type Outcome } from "@saccade/protocol";
import { SaccadeError } from "../../errors/saccade-error.ts";
import { GRPC_STATUS, statusOf, trailersOf } from "./error-map.ts";

/** What outcomes look like on the wire, whatever the code. */
const BY_OUTCOME: Partial<Record<Outcome, readonly Status[]>> = {
	SHED: [Status.UNAVAILABLE],
	BREAKER_OPEN: [Status.UNAVAILABLE],
	EXPIRED: [Status.DEADLINE_EXCEEDED, Status.UNAVAILABLE],
	CANCELLED: [Status.CANCELLED],
};

test("every code has a status that fits its outcome, and none is OK", () => {
	for (const [code, { outcome }] of Object.entries(ERROR_CODES)) {
		const status = GRPC_STATUS[code as keyof typeof GRPC_STATUS];
		assert.notEqual(status, Status.OK, code);
		const allowed = BY_OUTCOME[outcome];
		if (allowed !== undefined) assert.ok(allowed.includes(status), code);
	}
	assert.deepEqual(
		Object.keys(GRPC_STATUS).sort(),
		Object.keys(ERROR_CODES).sort(),
	);
});

test("an expired deadline is DEADLINE_EXCEEDED and a contradiction INVALID_ARGUMENT", () => {
	assert.equal(statusOf(new SaccadeError("DEADLINE_EXCEEDED", "")), 4);
	assert.equal(statusOf(new SaccadeError("MALFORMED", "")), 3);
});

test("every error says its code in a trailer, and refused work why", () => {
	assert.deepEqual(trailersOf(new SaccadeError("INTERNAL", "")), [
		["saccade-error-code", "INTERNAL"],
	]);
	const refused = new SaccadeError("CANNOT_FINISH", "", {
		refusedBecause: "cannot-finish",
	});
	assert.deepEqual(trailersOf(refused), [
		["saccade-error-code", "CANNOT_FINISH"],
		["saccade-refused-because", "cannot-finish"],
	]);
});
