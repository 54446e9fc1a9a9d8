import assert from "node:assert/strict";
import { test } from "node:test";
import { DeviceIdReader, DeviceIdWriter } from "./device-ids.ts";

test("ids come back as they were written, however many there are and whatever their bytes", () => {
	const reader = new DeviceIdReader();
	const writer = new DeviceIdWriter();
	const ids = Array.from({ length: 2000 }, (_, i) => `sensor-${i}-ü€😀`);
	ids.push("", "x".repeat(100_000));
	for (let round = 0; round < 2; round++)
		for (const id of ids) {
			const bytes = writer.bytesOf(id);
			const message = new Uint8Array(bytes.byteLength + 9).fill(0x61);
			message.set(bytes, 4);
			const end = 4 + bytes.byteLength;
			assert.equal(reader.read(message, 4, end), id);
			// The message's memory is used again, the text stays.
			message.fill(0x62);
		}
});

test("an id that was seen is given again without anything being made", () => {
	const reader = new DeviceIdReader();
	const writer = new DeviceIdWriter();
	assert.equal(writer.bytesOf("lidar"), writer.bytesOf("lidar"));
	const bytes = writer.bytesOf("lidar");
	const [first, second] = [1, 2].map(() => reader.read(bytes, 0, 5));
	assert.ok(Object.is(first, second));
	assert.equal(reader.read(bytes, 0, 4), "lida");
});

test("bytes that are no text become text, as everywhere on the wire", () => {
	const broken = Uint8Array.of(0x61, 0xff, 0x62);
	assert.equal(new DeviceIdReader().read(broken, 0, 3), "a�b");
});
