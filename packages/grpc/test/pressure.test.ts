// Under pressure a client may send little of a request before it is taken: what is refused was mostly never sent,
// what is taken arrives as ever, and whoever sends what it was allowed to send is never at fault.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR, FLAG, FRAME, SETTING } from "../src/http2/constants.ts";
import { type MethodHandler, Status } from "../src/index.ts";
import {
	data,
	type Frame,
	frameBytes,
	grpcMessage,
	requestHeaders,
} from "./support/frames.ts";
import {
	call,
	describeReadModes,
	echo,
	openRaw,
	openSession,
	startServer,
} from "./support/harness.ts";
import type { RawClient } from "./support/raw-client.ts";

const ECHO = "/t/Echo";
const REFUSE = "/t/Refuse";
const SKIP = "/t/Skip";
const PAUSE = "/t/Pause";
const FULL = 1 << 20;
const NARROW = 16 * 1024;
const STEP = FULL - NARROW;
const LIMITS = { streamWindowBytes: FULL, narrowWindowBytes: NARROW };
const ACK = frameBytes(FRAME.SETTINGS, FLAG.ACK, 0);

const refuse: MethodHandler = {
	kind: "unary",
	open: (call) => ({
		begin: () => {
			call.finish(Status.UNAVAILABLE, "no time");
			return null;
		},
		end: () => {},
		halfClose: () => {},
		abort: () => {},
	}),
};

/** Does not want the message, and answers when the client has sent all of it. */
const skip: MethodHandler = {
	kind: "unary",
	open: (call) => ({
		begin: () => null,
		end: () => {},
		halfClose: () => call.finish(Status.OK),
		abort: () => {},
	}),
};

/** The same, and gives no credit back. */
const pause: MethodHandler = {
	kind: "unary",
	open: (call) => {
		call.pause();
		return skip.open(call);
	},
};

const METHODS = {
	[ECHO]: echo,
	[REFUSE]: refuse,
	[SKIP]: skip,
	[PAUSE]: pause,
};

/** Windows that our SETTINGS announced, in order. */
function announced({ frames }: RawClient): number[] {
	return frames
		.filter(({ type, flags }) => type === FRAME.SETTINGS && flags === 0)
		.flatMap(({ payload }) => {
			for (let at = 0; at < payload.length; at += 6)
				if (payload.readUInt16BE(at) === SETTING.INITIAL_WINDOW_SIZE)
					return [payload.readUInt32BE(at + 2)];
			return [];
		});
}

function credit({ frames }: RawClient, id: number): number {
	return frames
		.filter(
			({ type, streamId }) => type === FRAME.WINDOW_UPDATE && streamId === id,
		)
		.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
}

const ended =
	(id: number) =>
	({ streamId, flags, type }: Frame) =>
		streamId === id &&
		type === FRAME.HEADERS &&
		(flags & FLAG.END_STREAM) !== 0;

/** Frames that the protocol always allows. */
function sendBody(client: RawClient, id: number, body: Uint8Array): void {
	for (let at = 0; at < body.length; at += NARROW)
		client.send(data(id, body.subarray(at, at + NARROW), false));
}

/** Resolves when the server has read all that was sent before. */
async function seen(client: RawClient): Promise<void> {
	const count = client.frames.filter(isPong).length;
	client.send(frameBytes(FRAME.PING, 0, 0, Buffer.alloc(8)));
	await client.first(
		(frame) => isPong(frame) && client.frames.filter(isPong).length > count,
	);
}
const isPong = ({ type, flags }: Frame) =>
	type === FRAME.PING && flags === FLAG.ACK;

describeReadModes((options) => {
	test("who connects under pressure begins narrow, others learn when they next say something, and all again when it is over", async () => {
		const { server, port } = await startServer(METHODS, {
			...options,
			limits: LIMITS,
		});
		const early = await openRaw(port);
		await seen(early);
		server.setPressure(true);
		const late = await openRaw(port);
		await Promise.all([seen(early), seen(late)]);
		assert.deepEqual(announced(early), [FULL, NARROW]);
		assert.deepEqual(announced(late), [NARROW]);
		server.setPressure(false);
		await Promise.all([seen(early), seen(late)]);
		assert.deepEqual(announced(early), [FULL, NARROW, FULL]);
		assert.deepEqual(announced(late), [NARROW, FULL]);
	});

	test("a request that is refused gets no credit beyond what it began with", async () => {
		const { server, port } = await startServer(METHODS, {
			...options,
			limits: LIMITS,
		});
		server.setPressure(true);
		const client = await openRaw(port);
		const body = grpcMessage(Buffer.alloc(600_000));
		client.send(
			ACK,
			requestHeaders(1, REFUSE),
			data(1, body.subarray(0, NARROW), false),
		);
		await client.first(ended(1));
		const reset = await client.first(
			({ type, streamId }) => type === FRAME.RST_STREAM && streamId === 1,
		);
		assert.equal(reset.payload.readUInt32BE(0), ERROR.NO_ERROR);
		assert.equal(credit(client, 1), 0);
	});

	test("a message that is taken gets the whole window at once, one that is there already none", async () => {
		const { server, port } = await startServer(METHODS, {
			...options,
			limits: LIMITS,
		});
		server.setPressure(true);
		const client = await openRaw(port);
		const body = grpcMessage(Buffer.alloc(600_000));
		client.send(
			ACK,
			requestHeaders(1, ECHO),
			data(1, body.subarray(0, 2000), false),
		);
		await client.first(
			({ type, streamId }) => type === FRAME.WINDOW_UPDATE && streamId === 1,
		);
		assert.equal(credit(client, 1), STEP);
		client.send(
			requestHeaders(3, ECHO),
			data(3, grpcMessage(Buffer.alloc(9000))),
		);
		await client.first(ended(3));
		assert.equal(credit(client, 3), 0);
	});

	test("what was sent by the old window before the acknowledgement is no fault, beyond the new one after it is", async () => {
		const { server, port } = await startServer(METHODS, {
			...options,
			limits: LIMITS,
		});
		const client = await openRaw(port);
		await seen(client);
		server.setPressure(true);
		await seen(client);
		const body = grpcMessage(Buffer.alloc(600_000));
		client.send(requestHeaders(1, PAUSE));
		sendBody(client, 1, body.subarray(0, 4 * NARROW));
		await seen(client);
		assert.ok(!client.frames.some(({ type }) => type === FRAME.RST_STREAM));
		client.send(ACK, ACK, requestHeaders(3, PAUSE));
		sendBody(client, 3, body.subarray(0, 2 * NARROW));
		client.send(data(3, body.subarray(0, NARROW), false));
		const reset = await client.first(
			({ type, streamId }) => type === FRAME.RST_STREAM && streamId === 3,
		);
		assert.equal(reset.payload.readUInt32BE(0), ERROR.FLOW_CONTROL_ERROR);
	});

	test("a message that nobody wants, and nobody refuses, still gets through", async () => {
		const { server, port } = await startServer(METHODS, {
			...options,
			limits: LIMITS,
		});
		const client = openSession(port);
		assert.equal(
			(await call(client, ECHO, grpcMessage(Buffer.alloc(10)))).status,
			"0",
		);
		server.setPressure(true);
		const body = grpcMessage(Buffer.alloc(3 * FULL));
		assert.equal((await call(client, SKIP, body)).status, "0");
	});

	test("whatever the pressure does meanwhile, requests of any size are answered", async () => {
		const { server, port } = await startServer(METHODS, {
			...options,
			limits: LIMITS,
		});
		let isHigh = false;
		const flapping = setInterval(() => {
			isHigh = !isHigh;
			server.setPressure(isHigh);
		}, 1);
		try {
			const clients = [openSession(port), openSession(port)];
			for (let round = 0; round < 8; round++) {
				const sizes = [100, NARROW - 5, NARROW, 100_000, FULL, 3 * FULL];
				const answers = await Promise.all(
					sizes.map((size, at) => {
						const message = Buffer.alloc(size, at + round);
						return call(clients[at % 2]!, ECHO, grpcMessage(message));
					}),
				);
				for (const [at, { status, body }] of answers.entries()) {
					assert.equal(status, "0");
					assert.ok(
						body.equals(grpcMessage(Buffer.alloc(sizes[at]!, at + round))),
					);
				}
			}
		} finally {
			clearInterval(flapping);
		}
	});
});
