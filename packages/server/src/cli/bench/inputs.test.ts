import assert from "node:assert/strict";
import { test } from "node:test";
import { DTYPE_BYTES, DTYPES } from "@saccade/protocol";
import { checkBytesElements } from "../../tensor/bytes-elements.ts";
import { readElements } from "../infer/elements.ts";
import { DISTINCT_REQUESTS, makeRequests } from "./inputs.ts";

test("every type gets plain numbers, in requests that differ and can be made again", () => {
	for (const dtype of DTYPES) {
		const make = () =>
			makeRequests([{ name: "x", dtype, shape: [-1, 50] }], new Map(), 3);
		const requests = make();
		assert.equal(requests.length, DISTINCT_REQUESTS);
		const [first, second] = requests.map(([input]) => input!);
		assert.deepEqual(first!.shape, [1, 50]);
		assert.notDeepEqual(first!.data, second!.data);
		assert.deepEqual(make()[0]![0]!.data, first!.data);
		if (dtype === "BYTES")
			assert.equal(checkBytesElements(first!.data, 50), null);
		else assert.equal(first!.data.byteLength, 50 * DTYPE_BYTES[dtype]);
		for (const value of readElements(dtype, first!.data))
			assert.ok(Number(value) >= 0 && Number(value) < 100, `${dtype} ${value}`);
	}
});

test("a shape that was given wins", () => {
	const shapes = new Map([["x", [2, 3]]]);
	const [request] = makeRequests(
		[{ name: "x", dtype: "FP32", shape: [-1, -1] }],
		shapes,
		1,
	);
	assert.deepEqual(request![0]!.shape, [2, 3]);
	assert.equal(request![0]!.data.byteLength, 24);
});
