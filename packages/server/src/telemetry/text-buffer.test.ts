import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TextBuffer } from "./text-buffer.ts";

const written = (write: (buffer: TextBuffer) => void) => {
	const buffer = new TextBuffer();
	write(buffer);
	return Buffer.from(buffer.written()).toString();
};

test("any text and any number come out as JavaScript has them", () => {
	fc.assert(
		fc.property(
			fc.array(
				fc.oneof(
					fc.string({ unit: "grapheme" }),
					fc.double(),
					fc.maxSafeNat(),
					fc.constantFrom(0, -0, 9, 10, 2 ** 53, 1e21, Number.NaN, Infinity),
				),
			),
			(parts) => {
				const text = written((buffer) => {
					for (const part of parts)
						if (typeof part === "string") buffer.text(part);
						else buffer.number(part);
				});
				assert.equal(text, parts.map(String).join(""));
			},
		),
	);
});

test("what was written can be written again, also where it grows, and all of it forgotten", () => {
	const long = "räder".repeat(20_000);
	assert.equal(
		written((buffer) => {
			buffer.text("forgotten");
			buffer.clear();
			buffer.text("<");
			const from = buffer.end;
			buffer.text(long);
			buffer.again(from, buffer.end);
		}),
		`<${long}${long}`,
	);
});
