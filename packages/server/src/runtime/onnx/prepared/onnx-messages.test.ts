import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { findFixture } from "../../../../../../scripts/fixtures/catalogue.ts";
import { MODEL_FILE } from "../../../../../../scripts/fixtures/fixture.ts";
import { ProtobufEncoder } from "../../../../../../scripts/fixtures/protobuf-encoder.ts";
import { listExternalData, mapExternalData } from "./onnx-messages.ts";

const entry = (key: string, value: string) =>
	new ProtobufEncoder().text(1, key).text(2, value);

function tensor(name: string, location: string): ProtobufEncoder {
	return new ProtobufEncoder()
		.int(1, 3)
		.int(2, 1)
		.text(8, name)
		.message(13, entry("location", location))
		.message(13, entry("offset", "4096"))
		.int(14, 1);
}

/** Tensors as initializers, in an attribute of a node, and in the body of a loop; fields nobody here knows between. */
function modelWith(...locations: readonly [string, string, string]) {
	const [plain, constant, inner] = locations;
	const body = new ProtobufEncoder().message(5, tensor("c", inner));
	const attribute = (child: ProtobufEncoder, field: number) =>
		new ProtobufEncoder().text(1, "value").message(field, child).int(20, 4);
	const graph = new ProtobufEncoder()
		.message(
			1,
			new ProtobufEncoder().message(5, attribute(tensor("b", constant), 5)),
		)
		.message(1, new ProtobufEncoder().message(5, attribute(body, 6)))
		.text(2, "graph")
		.message(5, tensor("a", plain))
		.message(5, new ProtobufEncoder().text(8, "inside").bytes(9, bytes(300)))
		.float(99, 1.5);
	return new ProtobufEncoder()
		.int(1, 8)
		.int(5, -1)
		.message(7, graph)
		.text(2, "producer")
		.finish();
}

const bytes = (count: number) => new Uint8Array(count).fill(7);

describe("where the tensors of a model lie", () => {
	test("is found at every depth", () => {
		const found = listExternalData(modelWith("a.bin", "b.bin", "c.bin"));
		const locations = found.map((data) => new Map(data).get("location"));
		assert.deepEqual(locations.sort(), ["a.bin", "b.bin", "c.bin"]);
		assert.deepEqual(found[0]?.[1], ["offset", "4096"]);
	});

	test("is changed, and nothing else", () => {
		const changed = mapExternalData(modelWith("a", "b", "c"), (data) =>
			data.map(([key, value]) => [
				key,
				key === "location" ? `tensors/${value.repeat(100)}` : value,
			]),
		);
		const long = (name: string) => `tensors/${name.repeat(100)}`;
		assert.deepEqual(
			listExternalData(changed),
			listExternalData(modelWith(long("a"), long("b"), long("c"))),
		);
		const back = mapExternalData(changed, (data) =>
			data.map(([key, value]) => [key, value.replace(/^tensors\/(.).*/, "$1")]),
		);
		// Words on where a tensor lies come last once they were changed, so that it is the changed forms that are equal.
		const same = mapExternalData(modelWith("a", "b", "c"), (data) => data);
		assert.deepEqual(Buffer.from(back), Buffer.from(same));
	});

	test("a model without such tensors keeps every byte", () => {
		const model = Buffer.from(
			findFixture("classifier").files()[MODEL_FILE] ?? "",
		);
		assert.ok(model.length > 100);
		assert.deepEqual(listExternalData(model), []);
		const same = mapExternalData(model, () => {
			throw new Error("there is none");
		});
		assert.deepEqual(Buffer.from(same), model);
	});

	test("what is cut or made up is refused, and nothing worse", () => {
		const model = modelWith("a", "b", "c");
		fc.assert(
			fc.property(
				fc.oneof(
					fc.nat(model.length - 1).map((end) => model.subarray(0, end)),
					fc.uint8Array({ maxLength: 200 }),
				),
				(text) => {
					try {
						listExternalData(text);
					} catch (error) {
						assert.ok(error instanceof RangeError, String(error));
					}
				},
			),
		);
	});
});
