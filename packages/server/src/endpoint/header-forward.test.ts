import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Operation, RequestHead } from "./endpoint.ts";
import {
	type ForwardPatterns,
	headerPatternProblem,
	withForwardedHeaders,
} from "./header-forward.ts";
import { composeOpen } from "./middleware.ts";

function forwarded(
	patterns: Partial<ForwardPatterns>,
	headers: Readonly<Record<string, string>>,
	more: { transport?: "http" | "grpc"; operation?: Operation } = {},
): Record<string, unknown> | null {
	const head: RequestHead = {
		transport: "http",
		operation: "infer",
		header: (name) => headers[name],
		headers: () => Object.entries(headers),
		transportDeadlineUs: Number.POSITIVE_INFINITY,
		receivedUs: 0,
		peer: "",
		...more,
	};
	const all = { http: "", grpc: "", ...patterns };
	const opened = composeOpen([withForwardedHeaders(all)])(head);
	assert.ok(opened.ok);
	const { forwarded } = opened.context;
	return forwarded === undefined ? null : Object.fromEntries(forwarded);
}

const HEADERS = { "x-tenant": "a", "x-trace": "b", "my-x-tenant": "c" };

describe("forwarded headers", () => {
	test("are those whose whole name matches, in any case", () => {
		const only = { "x-tenant": "a" };
		assert.deepEqual(forwarded({ http: "x-tenant" }, HEADERS), only);
		assert.deepEqual(forwarded({ http: "X-TEN.*" }, HEADERS), only);
		assert.deepEqual(forwarded({ http: "x-(tenant|trace)" }, HEADERS), {
			"x-tenant": "a",
			"x-trace": "b",
		});
		assert.equal(forwarded({ http: "tenant" }, HEADERS), null);
		// An alternative is as whole as all of it.
		assert.deepEqual(forwarded({ http: "x-tenant|nope" }, HEADERS), only);
		assert.equal(forwarded({ http: "x|trace" }, HEADERS), null);
	});

	test("go with inferences of the transport that the pattern is for", () => {
		const pattern = { http: ".*" };
		assert.equal(forwarded(pattern, HEADERS, { transport: "grpc" }), null);
		assert.equal(forwarded(pattern, HEADERS, { operation: "health" }), null);
		assert.deepEqual(
			forwarded({ grpc: ".*" }, HEADERS, { transport: "grpc" }),
			HEADERS,
		);
	});

	test("have names of a sensible length", () => {
		assert.equal(forwarded({ http: ".*" }, { ["x".repeat(129)]: "1" }), null);
	});
});

describe("a pattern", () => {
	test("is a regular expression of RE2's kind", () => {
		for (const good of [
			"",
			".*",
			"(my_|other_).*",
			"x-[a-z(|)]+",
			"(?:ab)*",
			"a\\(b\\)+",
			"x-\\d{1,3}",
			"(a|b)?",
		])
			assert.equal(headerPatternProblem(good), null, good);
		for (const bad of ["(", "a)(", "[a", "*"])
			assert.match(
				headerPatternProblem(bad) ?? "",
				/is no regular expression/,
				bad,
			);
	});

	test("that a hostile name could make take for ever is refused", () => {
		for (const bad of [
			"(a+)+",
			"(a*)*b",
			"(a|a)*",
			"((a+)b?)+",
			"(?:a{1,9}){1,9}",
			"(a)\\1",
			"(?=a)a",
			"(?<!a)b",
		])
			assert.notEqual(headerPatternProblem(bad), null, bad);
	});
});
