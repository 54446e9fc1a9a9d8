import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeRoute, encodeRoute } from "./http-route.ts";

const INPUT = Float32Array.of(1.5, -2);
const BYTES = Buffer.from(INPUT.buffer);

test("a tensor is sent as its bytes", () => {
	const route = { path: "/predict", body: "bytes" } as const;
	const request = Buffer.from(encodeRoute(route, INPUT, "h:1"));
	const [head = ""] = request.toString("latin1").split("\r\n\r\n");
	assert.match(head, /^POST \/predict HTTP\/1\.1\r\nHost: h:1\r\n/);
	assert.match(head, /Content-Length: 8$/);
	assert.deepEqual(request.subarray(head.length + 4), BYTES);
	assert.deepEqual(decodeRoute(route, BYTES), BYTES);
});

test("or in base64, where a server takes JSON alone", () => {
	const route = { path: "/predict", body: "base64" } as const;
	const request = Buffer.from(encodeRoute(route, INPUT, "h:1")).toString();
	const text = BYTES.toString("base64");
	assert.ok(request.endsWith(`\r\n\r\n{"rows":["${text}"]}`));
	const answer = Buffer.from(`["${text}"]`);
	assert.deepEqual(decodeRoute(route, answer), BYTES);
});

test("an answer of another form has no tensor", () => {
	const route = { path: "/", body: "base64" } as const;
	assert.equal(decodeRoute(route, Buffer.from('{"error":"x"}')).length, 0);
});
