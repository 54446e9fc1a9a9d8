// Header blocks over several frames and several reads. The read buffer is used again between them, so whatever is
// kept of a block must be a copy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FLAG, FRAME } from "../src/http2/constants.ts";
import type { ServerCall } from "../src/index.ts";
import {
	data,
	frameBytes,
	grpcMessage,
	requestBlock,
} from "./support/frames.ts";
import {
	describeReadModes,
	holding,
	openRaw,
	startServer,
	until,
} from "./support/harness.ts";

const PING_PAYLOAD = Buffer.alloc(8, 7);

describeReadModes((options) => {
	test("a block in many frames, each in a read of its own, is put together", async () => {
		const calls: ServerCall[] = [];
		const { port } = await startServer(
			{ "/t/Hold": holding(calls, []) },
			options,
		);
		const client = await openRaw(port);
		const value = "v".repeat(6000);
		const block = requestBlock("/t/Hold", [["x-long", value]]);
		const pieces = [0, 40, 41, 3000, 6000].map((start, index, starts) =>
			block.subarray(start, starts[index + 1]),
		);
		for (const [index, piece] of pieces.entries()) {
			const isLast = index === pieces.length - 1;
			client.send(
				frameBytes(
					index === 0 ? FRAME.HEADERS : FRAME.CONTINUATION,
					isLast ? FLAG.END_HEADERS : 0,
					1,
					piece,
				),
			);
			// Nothing may stand between these frames, so another connection tells that the piece was read.
			const other = await openRaw(port);
			other.send(frameBytes(FRAME.PING, 0, 0, PING_PAYLOAD));
			await other.first(
				({ type, flags }) => type === FRAME.PING && flags === FLAG.ACK,
			);
		}
		client.send(data(1, grpcMessage(Buffer.alloc(3))));
		await until(() => calls.length > 0);
		assert.equal(calls[0]?.metadata.get("x-long"), value);
		assert.equal(calls[0]?.path, "/t/Hold");
		calls[0]?.finish(0);
	});
});
