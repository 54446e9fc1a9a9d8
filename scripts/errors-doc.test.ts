// The table of error codes, both transports' maps and the page about them say the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ERROR_CODES, OUTCOMES } from "@saccade/protocol";
import { GRPC_STATUS } from "../packages/server/src/transport/grpc/error-map.ts";
import { HTTP_STATUS } from "../packages/server/src/transport/http/error-map.ts";

const page = readFileSync(
	join(import.meta.dirname, "..", "docs", "errors.md"),
	"utf8",
);

test("every code has its place in both maps, and no map has another", () => {
	const codes = Object.keys(ERROR_CODES).sort();
	assert.deepEqual(Object.keys(HTTP_STATUS).sort(), codes);
	assert.deepEqual(Object.keys(GRPC_STATUS).sort(), codes);
});

test("docs/errors.md has one line a code, with what each transport answers", () => {
	const rows = page
		.split("\n")
		.filter((line) => line.startsWith("| `"))
		.map((line) => line.split(" | ").slice(0, 4).join(" | "));
	const expected = Object.entries(ERROR_CODES).map(
		([code, { outcome }]) =>
			`| \`${code}\` | ${HTTP_STATUS[code as keyof typeof HTTP_STATUS]} | ${GRPC_STATUS[code as keyof typeof GRPC_STATUS]} | ${outcome}`,
	);
	assert.deepEqual(rows, expected);
});

test("every outcome of a code is one of the closed set, and every text says something", () => {
	for (const [code, { outcome, meaning, remedy }] of Object.entries(
		ERROR_CODES,
	)) {
		assert.ok(OUTCOMES.includes(outcome), code);
		assert.ok(meaning.length > 10 && remedy.length > 5, code);
	}
});
