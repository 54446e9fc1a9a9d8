import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
	checkBytesElements,
	decodeBytesElements,
	encodeBytesElements,
} from "./bytes-elements.ts";
import { elementCount } from "./shape.ts";

const anyElements = fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 8 });

describe("BYTES elements", () => {
	test("come back as they went in, whatever octets they hold", () => {
		fc.assert(
			fc.property(anyElements, (elements) => {
				const wire = encodeBytesElements(elements);
				assert.equal(checkBytesElements(wire, elements.length), null);
				assert.deepEqual(
					decodeBytesElements(wire).map((bytes) => [...bytes]),
					elements.map((bytes) => [...bytes]),
				);
			}),
			{ seed: 1 },
		);
	});

	test("that are cut anywhere are told as cut or too few, never read beyond", () => {
		fc.assert(
			fc.property(anyElements, fc.nat(100), (elements, at) => {
				const wire = encodeBytesElements(elements);
				if (at >= wire.length) return;
				const problem = checkBytesElements(
					wire.subarray(0, at),
					elements.length,
				);
				assert.ok(problem !== null);
				assert.notEqual(problem.kind, "too-many");
			}),
			{ seed: 2 },
		);
	});

	test("are counted", () => {
		const wire = encodeBytesElements([Buffer.from("a"), Buffer.from("")]);
		assert.deepEqual(checkBytesElements(wire, 1), {
			kind: "too-many",
			found: 2,
		});
		assert.deepEqual(checkBytesElements(wire, 3), {
			kind: "too-few",
			found: 2,
		});
	});
});

test("the elements of a shape are counted, or it is no shape", () => {
	assert.equal(elementCount([]), 1);
	assert.equal(elementCount([2, 3]), 6);
	assert.equal(elementCount([2, 0, 7]), 0);
	for (const shape of [
		[-1],
		[2, -1],
		[2 ** 53],
		[2 ** 30, 2 ** 30],
		[Number.NaN],
	])
		assert.equal(elementCount(shape), null, String(shape));
});
