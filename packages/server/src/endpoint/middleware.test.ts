import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deadlineFromMs } from "./deadline.ts";
import type { Opened, OpenPhase, Operation, RequestHead } from "./endpoint.ts";
import {
	composeOpen,
	openContext,
	withAdminToken,
	withDeadline,
	withDraining,
} from "./middleware.ts";

function head(
	operation: Operation,
	headers: Readonly<Record<string, string>> = {},
	transportDeadlineUs = Number.POSITIVE_INFINITY,
): RequestHead {
	return {
		transport: "http",
		operation,
		header: (name) => headers[name],
		headers: () => Object.entries(headers),
		transportDeadlineUs,
		receivedUs: 1000,
		peer: "127.0.0.1",
	};
}

function codeOf(opened: Opened): string {
	return opened.ok ? "ok" : opened.error.code;
}

describe("deadlines", () => {
	const deadlineUs = (open: OpenPhase, given: RequestHead) => {
		const opened = open(given);
		return opened.ok ? opened.context.deadlineUs : opened.error.code;
	};
	const open = withDeadline(openContext);

	test("are the earlier of the transport's and the header's, from when the first byte came", () => {
		const ms = (text: string) => ({ "saccade-deadline-ms": text });
		assert.equal(deadlineUs(open, head("infer")), Number.POSITIVE_INFINITY);
		assert.equal(deadlineUs(open, head("infer", ms("2.5"))), 3500);
		assert.equal(deadlineUs(open, head("infer", ms("2"), 2000)), 2000);
		assert.equal(deadlineUs(open, head("infer", ms("2"), 9000)), 3000);
	});

	test("that are none are refused, naming where they came from", () => {
		for (const text of ["0", "-1", "soon", "", "1e3", "86400001", " 5"])
			assert.equal(
				deadlineUs(open, head("infer", { "saccade-deadline-ms": text })),
				"INVALID_ARGUMENT",
			);
		for (const value of [0, Number.NaN, Number.POSITIVE_INFINITY, -3])
			assert.throws(() => deadlineFromMs(value, 0, "deadline_ms"), {
				code: "INVALID_ARGUMENT",
				message: /^deadline_ms must be/,
			});
	});
});

describe("the admin token", () => {
	const open = withAdminToken("a-long-enough-token")(openContext);
	const with_ = (operation: Operation, authorization?: string) =>
		codeOf(
			open(
				head(operation, authorization === undefined ? {} : { authorization }),
			),
		);

	test("guards what changes the server, and nothing else", () => {
		for (const operation of [
			"repository.load",
			"repository.unload",
			"trace.set",
			"logging.set",
			"shared-memory.register",
			"shared-memory.unregister",
		] as const) {
			assert.equal(with_(operation), "UNAUTHENTICATED");
			assert.equal(with_(operation, "Bearer a-long-enough-token"), "ok");
		}
		for (const operation of ["infer", "health", "repository.index"] as const)
			assert.equal(with_(operation), "ok");
	});

	test("must be whole, and a bearer's", () => {
		for (const authorization of [
			"a-long-enough-token",
			"Bearer a-long-enough-toke",
			"Bearer a-long-enough-token2",
			"Bearer ",
			"Basic a-long-enough-token",
		])
			assert.equal(
				with_("repository.load", authorization),
				"UNAUTHENTICATED",
				authorization,
			);
	});

	test("makes known who changed the server, and with what right", () => {
		const callerOf = (opened: Opened) => opened.ok && opened.context.caller;
		const headers = { authorization: "Bearer a-long-enough-token" };
		assert.equal(
			callerOf(open(head("repository.load", headers))),
			"http 127.0.0.1, with the admin token",
		);
		const all = withAdminToken(null)(openContext);
		assert.equal(callerOf(all(head("repository.load"))), "http 127.0.0.1");
		assert.equal(callerOf(all(head("infer"))), undefined);
	});

	test("that is not set leaves everything open", () => {
		const all = withAdminToken(null)(openContext);
		assert.equal(codeOf(all(head("repository.load"))), "ok");
	});
});

test("a server that drains refuses everything but questions after its health", () => {
	let isDraining = false;
	const open = withDraining(() => isDraining)(openContext);
	assert.equal(codeOf(open(head("infer"))), "ok");
	isDraining = true;
	const refused = open(head("infer"));
	assert.equal(codeOf(refused), "UNAVAILABLE");
	assert.equal(!refused.ok && refused.error.refusedBecause, "shutting-down");
	assert.equal(codeOf(open(head("health"))), "ok");
});

test("the first of the middleware is outermost: what it refuses nobody else sees", () => {
	const seen: string[] = [];
	const watch = (name: string) => (next: OpenPhase) => (given: RequestHead) => {
		seen.push(name);
		return next(given);
	};
	const open = composeOpen([watch("a"), withDraining(() => true), watch("b")]);
	open(head("infer"));
	open(head("health"));
	assert.deepEqual(seen, ["a", "a", "b"]);
});
