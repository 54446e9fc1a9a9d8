import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type BodyParts, type ParsedBody, parseInfer } from "../decode.ts";
import { KnownHeads } from "./known-heads.ts";

interface Tensor {
	readonly name: string;
	readonly bytes: readonly number[];
	/** In the JSON in place of behind it. */
	readonly inJson?: boolean;
}

function bodyOf(tensors: readonly Tensor[], more: object = {}): BodyParts {
	const inputs = tensors.map(({ name, bytes, inJson = false }) => ({
		name,
		datatype: "UINT8",
		shape: [bytes.length],
		...(inJson
			? { data: bytes }
			: { parameters: { binary_data_size: bytes.length } }),
	}));
	const json = Buffer.from(JSON.stringify({ ...more, inputs }));
	const payloads = tensors
		.filter(({ inJson }) => inJson !== true)
		.map(({ bytes }) => Uint8Array.from(bytes));
	return {
		bytes: Buffer.concat([json, ...payloads]),
		jsonLength: json.length,
		maxJsonBytes: 1 << 20,
	};
}

const X: Tensor = { name: "x", bytes: [1, 2, 3] };
const Y: Tensor = { name: "y", bytes: [4] };

/** Reading makes new objects. */
function isRead(first: ParsedBody, second: ParsedBody): boolean {
	return first.inputs[0]?.shape !== second.inputs[0]?.shape;
}

describe("heads seen before", () => {
	test("are not read again, and each body has its own tensors", () => {
		const heads = new KnownHeads();
		const first = heads.parse(bodyOf([X, Y]), "m");
		const body = bodyOf([
			{ ...X, bytes: [7, 8, 9] },
			{ ...Y, bytes: [6] },
		]);
		const second = heads.parse(body, "m");
		assert.equal(isRead(first, second), false);
		assert.deepEqual(
			second.inputs.map(({ data }) => [...data]),
			[[7, 8, 9], [6]],
		);
		assert.equal(second.inputs[0]?.data.buffer, body.bytes.buffer);
	});

	test("are known when the memory that they came in has other bytes", () => {
		const heads = new KnownHeads();
		const body = bodyOf([X]);
		const first = heads.parse(body, "m");
		body.bytes.fill(0);
		assert.equal(isRead(first, heads.parse(bodyOf([X]), "m")), false);
	});

	test("still refuse what is missing behind them, or too much", () => {
		const heads = new KnownHeads();
		const body = bodyOf([X]);
		heads.parse(body, "m");
		const bytes = body.bytes.subarray(0, -1);
		assert.throws(() => heads.parse({ ...body, bytes }, "m"), {
			message: /expecting 1 additional bytes for model 'm'/,
		});
		const longer = Buffer.concat([body.bytes, Buffer.of(0)]);
		assert.throws(() => heads.parse({ ...body, bytes: longer }, "m"), {
			message: /unexpected additional input data for model 'm': 1 bytes/,
		});
	});

	test("are the busiest eight: one that is sent again and again outlives any number that come once", () => {
		const heads = new KnownHeads();
		const busy = () => heads.parse(bodyOf([X]), "m");
		const first = busy();
		for (let i = 0; i < 100; i++) {
			heads.parse(bodyOf([{ ...X, name: `n${i}` }]), "m");
			assert.equal(isRead(first, busy()), false, String(i));
		}
		const once = heads.parse(bodyOf([{ ...X, name: "n0" }]), "m");
		const again = heads.parse(bodyOf([{ ...X, name: "n0" }]), "m");
		assert.equal(isRead(once, again), false);
	});

	for (const [what, tensors, more] of [
		["an id", [X], { id: "1" }],
		["a deadline", [X], { parameters: { deadline_ms: 5 } }],
		["a sequence", [X], { parameters: { sequence_id: 5 } }],
		["a tensor in JSON", [X, { ...Y, inJson: true }], {}],
	] as const)
		test(`with ${what} are read each time`, () => {
			const heads = new KnownHeads();
			const body = bodyOf(tensors, more);
			const [first, second] = [0, 1].map(() => heads.parse(body, "m"));
			assert.equal(isRead(first!, second!), true);
			assert.deepEqual(second, first);
		});

	test("never change what a body means", () => {
		const shared = new KnownHeads();
		const tensor = fc.record({
			name: fc.constantFrom("x", "y", "é"),
			bytes: fc.array(fc.nat(255), { maxLength: 4 }),
			inJson: fc.boolean(),
		});
		const more = fc.record(
			{
				id: fc.constantFrom("", "a"),
				parameters: fc.record(
					{ binary_data_output: fc.boolean(), timeout: fc.nat(3) },
					{ requiredKeys: [] },
				),
				outputs: fc.array(fc.record({ name: fc.constantFrom("p", "q") }), {
					maxLength: 2,
				}),
			},
			{ requiredKeys: [] },
		);
		fc.assert(
			fc.property(
				fc.array(tensor, { minLength: 1, maxLength: 3 }),
				more,
				(tensors, rest) => {
					const body = bodyOf(tensors, rest);
					for (let i = 0; i < 2; i++)
						assert.deepEqual(shared.parse(body, "m"), parseInfer(body, "m"));
				},
			),
			{ seed: 5, numRuns: 500 },
		);
	});
});
