// TLS, with ALPN as RFC 9113, 3.2 asks.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { GrpcServerOptions } from "../src/index.ts";
import {
	type CertificateOrSkip,
	makeCertificate,
} from "./support/certificate.ts";
import { grpcMessage } from "./support/frames.ts";
import {
	call,
	echo,
	openSession,
	startServer,
	until,
} from "./support/harness.ts";

const certificate: CertificateOrSkip = makeCertificate();
const skip = "skip" in certificate ? certificate.skip : false;

async function startTls(options: Partial<GrpcServerOptions> = {}) {
	assert.ok("cert" in certificate);
	const started = await startServer(
		{ "/t/Echo": echo },
		{ tls: certificate, ...options },
	);
	return { ...started, ca: certificate.cert };
}

test("calls over TLS are answered, of every size", { skip }, async () => {
	const { port, ca } = await startTls();
	const client = openSession(`https://localhost:${port}`, { ca });
	for (const size of [0, 100, 20_000, 3_000_000]) {
		const body = grpcMessage(Buffer.alloc(size, size % 251));
		const answer = await call(client, "/t/Echo", body);
		assert.equal(answer.status, "0");
		assert.ok(answer.body.equals(body), `${size} bytes`);
	}
	assert.equal(client.alpnProtocol, "h2");
});

test("a TLS client that does not offer h2 is refused in the handshake", {
	skip,
}, async () => {
	const { server, port, ca } = await startTls();
	const socket = connectTls({
		port,
		host: "127.0.0.1",
		servername: "localhost",
		ca,
		ALPNProtocols: ["http/1.1"],
	});
	const [error] = await once(socket, "error");
	assert.match(String(error), /no.application.protocol/i);
	assert.equal(server.stats().connectionCount, 0);
	socket.destroy();
});

test("a client that speaks no TLS is cut off, and others do not notice", {
	skip,
}, async () => {
	const { port, ca } = await startTls();
	const plain = connectTcp(port, "127.0.0.1");
	plain.on("error", () => {});
	plain.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	plain.resume();
	await once(plain, "close");
	const client = openSession(`https://localhost:${port}`, { ca });
	const answer = await call(client, "/t/Echo", grpcMessage(Buffer.from("x")));
	assert.equal(answer.status, "0");
});

test("connections count from before their handshake", { skip }, async () => {
	const { port, ca } = await startTls({ maxConnections: 2 });
	const silent = [connectTcp(port, "127.0.0.1"), connectTcp(port, "127.0.0.1")];
	await Promise.all(silent.map((socket) => once(socket, "connect")));
	const third = connectTcp(port, "127.0.0.1");
	third.on("error", () => {});
	third.resume();
	await once(third, "close");
	for (const socket of silent) socket.destroy();
	const isServed = async () => {
		const client = openSession(`https://localhost:${port}`, { ca });
		client.on("error", () => {});
		const [connected] = await Promise.race([
			once(client, "connect").then(() => [true]),
			once(client, "close").then(() => [false]),
		]);
		return connected;
	};
	// Their end may still be on its way to the server.
	for (let attempt = 0; !(await isServed()); attempt++)
		assert.ok(attempt < 1000, "their places are never given back");
});

test("a TLS client that leaves in the middle of a message leaves nothing behind", {
	skip,
}, async () => {
	const { server, port, ca } = await startTls();
	const client = openSession(`https://localhost:${port}`, { ca });
	await call(client, "/t/Echo", grpcMessage(Buffer.alloc(1)));
	const stream = client.request({
		":method": "POST",
		":path": "/t/Echo",
		"content-type": "application/grpc",
	});
	stream.on("error", () => {});
	stream.write(grpcMessage(Buffer.alloc(5000)).subarray(0, 3000));
	await until(() => server.stats().callCount === 1);
	client.destroy();
	await until(() => server.stats().connectionCount === 0);
	assert.equal(server.stats().callCount, 0);
});
