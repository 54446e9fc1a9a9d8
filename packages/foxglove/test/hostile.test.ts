// Clients that are slow, wrong, foreign or too many.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { WebSocket } from "ws";
import type { ChannelSpec } from "../src/index.ts";
import { connectBare, startServer } from "./support.ts";

const CLOUD: ChannelSpec = {
	topic: "/cloud",
	encoding: "protobuf",
	schemaName: "test.Cloud",
	schema: "",
};

const subscriptionTo = (channelId: number, id = 0) =>
	JSON.stringify({ op: "subscribe", subscriptions: [{ id, channelId }] });

/** Answered after what was said before. */
const QUESTION = JSON.stringify({ op: "unheard-of" });

describe("a slow client", { timeout: 60_000 }, () => {
	test("loses messages, counted, and nobody else does; then it gets the newest", async (t) => {
		const { server, url } = await startServer(t, {
			maxWaitingBytes: 256 * 1024,
		});
		const channel = server.addChannel(CLOUD);
		const slow = await connectBare(t, url);
		const quick = await connectBare(t, url);
		const received: Record<"slow" | "quick", number[]> = {
			slow: [],
			quick: [],
		};
		for (const [name, { socket, said }] of [
			["slow", slow],
			["quick", quick],
		] as const) {
			socket.on("message", (data: Buffer, isBinary) => {
				if (isBinary) received[name].push(data.readUInt32LE(13));
			});
			socket.send(subscriptionTo(channel.id));
			socket.send(QUESTION);
			await said.next("status");
		}
		slow.socket.pause();
		const count = 200;
		for (let i = 0; i < count; i++) {
			const payload = Buffer.alloc(100_000);
			payload.writeUInt32LE(i);
			channel.publish(BigInt(i), payload);
			while (received.quick.length <= i) await new Promise(setImmediate);
		}
		assert.equal(received.quick.length, count);
		const { lostCount } = server.stats();
		assert.ok(lostCount > 0, `${lostCount}`);
		slow.socket.resume();
		while (received.slow.at(-1) !== count - 1) await new Promise(setImmediate);
		assert.equal(received.slow.length + lostCount, count);
		assert.deepEqual(
			received.slow,
			received.slow.toSorted((a, b) => a - b),
		);
	});

	test("that answers no ping is cut", async (t) => {
		const { server, url } = await startServer(t, { silenceMs: 30 });
		const { host } = new URL(url);
		const [hostname = "", port = ""] = host.split(":");
		const socket = connectTcp(Number(port), hostname);
		t.after(() => socket.destroy());
		socket.write(handshake(host));
		const closed = once(socket, "close");
		socket.resume();
		await closed;
		while (server.stats().viewerCount > 0) await new Promise(setImmediate);
	});

	test("that does not hear goodbye holds up no end", async (t) => {
		const { server, url } = await startServer(t);
		const channel = server.addChannel(CLOUD);
		const { socket, said } = await connectBare(t, url);
		socket.send(subscriptionTo(channel.id));
		socket.send(QUESTION);
		await said.next("status");
		socket.pause();
		for (let i = 0; i < 100; i++)
			channel.publish(0n, new Uint8Array(1_000_000));
		await server.close(50);
	});
});

describe("a client that is wrong", { timeout: 30_000 }, () => {
	const WRONG: readonly (readonly [string | Buffer, RegExp])[] = [
		["{", /no JSON/],
		["[]", /no JSON object/],
		["null", /no JSON object/],
		["{}", /unknown op nothing/],
		[`{"op":"${"x".repeat(1000)}"}`, /unknown op "x{1,99}$/],
		['{"op":"subscribe"}', /needs a list 'subscriptions'/],
		[
			'{"op":"subscribe","subscriptions":[{"id":-1,"channelId":1}]}',
			/has {"id":-1/,
		],
		[
			'{"op":"subscribe","subscriptions":[{"id":1.5,"channelId":1}]}',
			/has {"id":1.5/,
		],
		[
			'{"op":"subscribe","subscriptions":[{"id":4294967296,"channelId":1}]}',
			/has/,
		],
		[
			'{"op":"subscribe","subscriptions":[{"id":1,"channelId":99}]}',
			/no channel 99/,
		],
		['{"op":"unsubscribe","subscriptionIds":[7]}', /no subscription 7/],
		['{"op":"unsubscribe","subscriptionIds":["7"]}', /has "7"/],
		['{"op":"getParameters","parameterNames":[]}', /no parameters/],
		['{"op":"advertise","channels":[]}', /not supported/],
		[
			'{"op":"fetchAsset","uri":"file:///etc/passwd","requestId":1}',
			/not supported/,
		],
		[Buffer.alloc(0), /empty/],
		[Buffer.of(1, 0, 0, 0, 0), /cannot publish/],
		[Buffer.of(2), /no services/],
		[Buffer.of(200, 1, 2), /unknown opcode 200/],
	];

	test("hears what is wrong, and may go on", async (t) => {
		const { server, url } = await startServer(t);
		const channel = server.addChannel(CLOUD);
		const { socket, said } = await connectBare(t, url);
		for (const [message, problem] of WRONG) {
			socket.send(message);
			const { level, message: answer } = await said.next("status");
			assert.equal(level, 2);
			assert.match(String(answer), problem);
		}
		socket.send(subscriptionTo(channel.id, 5));
		socket.send(subscriptionTo(channel.id, 6));
		assert.match(
			String((await said.next("status"))["message"]),
			/subscribed already/,
		);
		const other = server.addChannel(CLOUD);
		socket.send(subscriptionTo(other.id, 5));
		assert.match(String((await said.next("status"))["message"]), /5 is in use/);
		assert.deepEqual([channel.isWatched, other.isWatched], [true, false]);
	});

	test("again and again is cut", async (t) => {
		const { url } = await startServer(t, { maxProblemCount: 5 });
		const { socket } = await connectBare(t, url);
		const closed = once(socket, "close");
		for (let i = 0; i < 20; i++) socket.send("?");
		const [code] = await closed;
		assert.equal(code, 1008);
	});

	test("in its WebSocket frames is told so by the close code", async (t) => {
		const { server, url } = await startServer(t, { maxMessageBytes: 1000 });
		const { socket } = await connectBare(t, url);
		const closed = once(socket, "close");
		socket.send(" ".repeat(1001));
		assert.equal((await closed)[0], 1009);
		for (const [frame, code] of [
			// A reserved opcode, an unmasked frame, a control frame of 126 bytes, text that is no UTF-8.
			[Buffer.of(0x83, 0x80, 0, 0, 0, 0), 1002],
			[Buffer.of(0x81, 0x01, 0x41), 1002],
			[
				Buffer.concat([
					Buffer.of(0x89, 0xfe, 0, 126, 0, 0, 0, 0),
					Buffer.alloc(126),
				]),
				1002,
			],
			[Buffer.of(0x81, 0x81, 0, 0, 0, 0, 0xff), 1007],
		] as const)
			assert.equal(await closeCodeOf(url, frame), code);
		while (server.stats().viewerCount > 0) await new Promise(setImmediate);
	});
});

describe("a connection", { timeout: 30_000 }, () => {
	const answerTo = async (url: string, head: string): Promise<string> => {
		const { hostname, port } = new URL(url);
		const socket = connectTcp(Number(port), hostname);
		socket.write(head);
		return text(socket);
	};

	test("that offers no subprotocol of ours is refused", async (t) => {
		const { url } = await startServer(t);
		const { host } = new URL(url);
		assert.match(
			await answerTo(url, handshake(host, "graphql-ws")),
			/^HTTP\/1.1 400 .*foxglove\.sdk\.v1/s,
		);
		assert.match(await answerTo(url, handshake(host, null)), /^HTTP\/1.1 400 /);
	});

	test("that is no WebSocket hears what this is", async (t) => {
		const { url } = await startServer(t);
		const answer = await fetch(url.replace("ws:", "http:"));
		assert.equal(answer.status, 426);
		assert.match(await answer.text(), /Foxglove/);
	});

	test("of a page from elsewhere is refused, unless it is allowed", async (t) => {
		const { url } = await startServer(t);
		const { host } = new URL(url);
		for (const origin of [
			"https://evil.example",
			"null",
			"http://localhost.evil.example",
		])
			assert.match(
				await answerTo(
					url,
					handshake(host, "foxglove.sdk.v1", `origin: ${origin}\r\n`),
				),
				/^HTTP\/1.1 403 /,
			);
		for (const origin of ["http://localhost:8080", "http://127.0.0.1"]) {
			const socket = new WebSocket(url, ["foxglove.sdk.v1"], { origin });
			await once(socket, "open");
			socket.terminate();
		}
		const open = await startServer(t, {
			allow: ({ headers }) => headers.origin === "https://app.foxglove.dev",
		});
		const socket = new WebSocket(open.url, ["foxglove.sdk.v1"], {
			origin: "https://app.foxglove.dev",
		});
		await once(socket, "open");
		socket.terminate();
	});

	test("beyond the limit is refused, and there is room again when one leaves", async (t) => {
		const { server, url } = await startServer(t, { maxViewerCount: 2 });
		const { host } = new URL(url);
		const first = await connectBare(t, url);
		await connectBare(t, url);
		assert.match(await answerTo(url, handshake(host)), /^HTTP\/1.1 503 /);
		first.socket.terminate();
		while (server.stats().viewerCount === 2) await new Promise(setImmediate);
		await connectBare(t, url);
	});
});

function handshake(
	host: string,
	protocol: string | null = "foxglove.sdk.v1",
	more = "",
): string {
	const offer =
		protocol === null ? "" : `sec-websocket-protocol: ${protocol}\r\n`;
	return `GET / HTTP/1.1\r\nhost: ${host}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${offer}${more}\r\n`;
}

/** Of the server's close frame after a raw frame. */
async function closeCodeOf(url: string, frame: Buffer): Promise<number> {
	const { host, hostname, port } = new URL(url);
	const socket = connectTcp(Number(port), hostname);
	socket.write(handshake(host));
	socket.write(frame);
	const chunks: Buffer[] = [];
	for await (const chunk of socket) chunks.push(chunk as Buffer);
	const all = Buffer.concat(chunks);
	const close = all.lastIndexOf(Buffer.of(0x88, 0x02));
	assert.ok(close > 0, all.toString());
	return all.readUInt16BE(close + 2);
}
