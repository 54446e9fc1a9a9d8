// The reused read buffer is not a public way: it is used where it is found to work, and given up where it is not.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createGrpcServer } from "../src/index.ts";
import { grpcMessage } from "./support/frames.ts";
import { call, echo, openSession, startServer } from "./support/harness.ts";

const BODY = grpcMessage(Buffer.alloc(300_000, 7));

interface Handle {
	useUserBuffer(buffer: Uint8Array): void;
}

/** What Node calls to give a socket its buffer, for a test to replace. */
async function handlePrototype(): Promise<Handle> {
	const server = createServer();
	await new Promise<void>((listening) =>
		server.listen(0, "127.0.0.1", listening),
	);
	const { _handle } = server as Server & { _handle: object };
	await new Promise((closed) => server.close(closed));
	// The listener and its clients are of one class.
	return Object.getPrototypeOf(_handle) as Handle;
}

async function assertServes(port: number): Promise<void> {
	for (let connection = 0; connection < 3; connection++) {
		const answer = await call(openSession(port), "/t/Echo", BODY);
		assert.ok(answer.body.equals(BODY));
	}
}

test("this Node reads through one buffer", async () => {
	const { server, port } = await startServer({ "/t/Echo": echo });
	await assertServes(port);
	assert.equal(server.stats().readMode, "reused-buffer");
});

test("a Unix socket is served, too", async () => {
	const directory = mkdtempSync(join(tmpdir(), "saccade-grpc-"));
	const server = createGrpcServer({ methods: new Map([["/t/Echo", echo]]) });
	try {
		const path = join(directory, "socket");
		await server.listen({ path });
		const client = openSession("http://localhost", {
			createConnection: () => connect(path),
		});
		const answer = await call(client, "/t/Echo", BODY);
		assert.ok(answer.body.equals(BODY));
		assert.equal(server.stats().readMode, "reused-buffer");
		client.destroy();
	} finally {
		await server.close(0);
		rmSync(directory, { recursive: true, force: true });
	}
});

test("a Node that makes no such sockets is served by data events", async (context: TestContext) => {
	const prototype = await handlePrototype();
	context.mock.method(prototype, "useUserBuffer", () => {
		throw new TypeError("no longer");
	});
	const { server, port } = await startServer({ "/t/Echo": echo });
	await assertServes(port);
	assert.equal(server.stats().readMode, "events");
});

test("a Node that does not heed the buffer is served by data events", async (context: TestContext) => {
	const prototype = await handlePrototype();
	context.mock.method(
		prototype,
		"useUserBuffer",
		function useUserBuffer(this: object) {
			const socket = ownSymbol(this, "owner_symbol") as object;
			for (const symbol of Object.getOwnPropertySymbols(socket))
				if (symbol.description === "kBuffer")
					(socket as Record<symbol, unknown>)[symbol] = null;
		},
	);
	const { server, port } = await startServer({ "/t/Echo": echo });
	await assertServes(port);
	assert.equal(server.stats().readMode, "events");
});

test("a server that is told to reads by data events", async () => {
	const { server, port } = await startServer(
		{ "/t/Echo": echo },
		{ reuseReadBuffer: false },
	);
	await assertServes(port);
	assert.equal(server.stats().readMode, "events");
});

function ownSymbol(target: object, description: string): unknown {
	const symbol = Object.getOwnPropertySymbols(target).find(
		(candidate) => candidate.description === description,
	);
	assert.ok(symbol !== undefined, `no ${description}`);
	return (target as Record<symbol, unknown>)[symbol];
}
