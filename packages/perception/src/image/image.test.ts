import assert from "node:assert/strict";
import { test } from "node:test";
import { createImage } from "./image.ts";

test("an image has exactly the bytes of its pixels", () => {
	assert.equal(createImage(new Uint8Array(24), 4, 2).channels, 3);
	assert.throws(
		() => createImage(new Uint8Array(24), 4, 3),
		/image has 24 elements where 36 are needed/,
	);
});
