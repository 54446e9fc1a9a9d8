// gRPC's interoperability cases with grpc-js, over both ways of reading sockets.
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import {
	compressionAlgorithms,
	Metadata,
	type StatusObject,
	status,
} from "@grpc/grpc-js";
import { createGrpcServer, type GrpcServer } from "@saccade/grpc";
import {
	callUnary,
	createClient,
	type InteropClient,
} from "./grpc-js-client.ts";
import type { OutputRequest, SimpleResponse } from "./messages.ts";
import { interopMethods } from "./service.ts";

const REQUEST_SIZES = [27_182, 8, 1828, 45_904];
const RESPONSE_SIZES = [31_415, 9, 2653, 58_979];
const LARGE_REQUEST = 271_828;
const LARGE_RESPONSE = 314_159;
const payload = (size: number) => ({ body: Buffer.alloc(size) });
const sizeOf = ({ payload }: SimpleResponse) => payload?.body.byteLength ?? 0;
const TIMEOUT = { timeout: 60_000 };

/** The end of a stream, an error or not. */
function statusOf(call: NodeJS.EventEmitter): Promise<StatusObject> {
	call.on("error", () => {});
	return new Promise((resolve) => call.on("status", resolve));
}

for (const reuseReadBuffer of [true, false])
	describe(
		`grpc-js, read mode ${reuseReadBuffer ? "reused buffer" : "events"}`,
		TIMEOUT,
		() => {
			let server: GrpcServer;
			let client: InteropClient;
			let port = 0;

			before(async () => {
				server = createGrpcServer({ methods: interopMethods, reuseReadBuffer });
				const address = await server.listen({ host: "127.0.0.1", port: 0 });
				port = (address as AddressInfo).port;
				client = createClient(port);
			});

			after(async () => {
				client.close();
				await server.close(2000);
				const { callCount, keptBytes } = server.stats();
				assert.deepEqual([callCount, keptBytes], [0, 0]);
			});

			test("empty_unary", async () => {
				const { error, response } = await callUnary(
					client.emptyCall.bind(client),
					{},
				);
				assert.equal(error, null);
				assert.ok(response !== undefined);
			});

			test("large_unary", async () => {
				const { response } = await callUnary(client.unaryCall.bind(client), {
					responseSize: LARGE_RESPONSE,
					payload: payload(LARGE_REQUEST),
				});
				assert.ok(response !== undefined);
				assert.equal(sizeOf(response), LARGE_RESPONSE);
			});

			test("client_streaming", async () => {
				const { promise, resolve, reject } = Promise.withResolvers<number>();
				const call = client.streamingInputCall(
					new Metadata(),
					{},
					(error, response) => {
						if (error !== null) reject(error);
						else resolve(response?.aggregatedPayloadSize ?? -1);
					},
				);
				for (const size of REQUEST_SIZES)
					call.write({ payload: payload(size) });
				call.end();
				assert.equal(await promise, 74_922);
			});

			test("server_streaming", async () => {
				const sizes: number[] = [];
				const responseParameters = RESPONSE_SIZES.map((size) => ({ size }));
				for await (const response of client.streamingOutputCall({
					responseParameters,
				}))
					sizes.push(sizeOf(response));
				assert.deepEqual(sizes, RESPONSE_SIZES);
			});

			test("ping_pong", async () => {
				const call = client.fullDuplexCall(new Metadata());
				const ended = statusOf(call);
				for (const [index, size] of RESPONSE_SIZES.entries()) {
					call.write({
						responseParameters: [{ size }],
						payload: payload(REQUEST_SIZES[index] ?? 0),
					});
					const [response] = (await once(call, "data")) as [SimpleResponse];
					assert.equal(sizeOf(response), size);
				}
				call.end();
				assert.equal((await ended).code, status.OK);
			});

			test("half_duplex: nothing is answered before the client's end", async () => {
				const call = client.halfDuplexCall(new Metadata());
				const sizes: number[] = [];
				const ended = statusOf(call);
				call.on("data", (response: SimpleResponse) =>
					sizes.push(sizeOf(response)),
				);
				for (const size of RESPONSE_SIZES)
					call.write({ responseParameters: [{ size }] });
				call.end();
				assert.equal((await ended).code, status.OK);
				assert.deepEqual(sizes, RESPONSE_SIZES);
			});

			test("empty_stream", async () => {
				const call = client.fullDuplexCall(new Metadata());
				let answers = 0;
				call.on("data", () => answers++);
				call.end();
				assert.equal((await statusOf(call)).code, status.OK);
				assert.equal(answers, 0);
			});

			test("custom_metadata", async () => {
				const metadata = new Metadata();
				const binary = Buffer.from([0xab, 0xab, 0xab]);
				metadata.set("x-grpc-test-echo-initial", "test_initial_metadata_value");
				metadata.set("x-grpc-test-echo-trailing-bin", binary);
				const unary = await callUnary(
					client.unaryCall.bind(client),
					{ responseSize: 10, payload: payload(10) },
					metadata,
				);
				assert.equal(unary.error, null);
				const call = client.fullDuplexCall(metadata);
				call.resume();
				const initial = once(call, "metadata");
				call.end({ responseParameters: [{ size: 10 }], payload: payload(10) });
				const duplexStatus = await statusOf(call);
				const [duplexInitial] = (await initial) as [Metadata];
				for (const head of [unary.initial, duplexInitial])
					assert.deepEqual(head?.get("x-grpc-test-echo-initial"), [
						"test_initial_metadata_value",
					]);
				for (const { metadata: trailers } of [unary.status, duplexStatus])
					assert.deepEqual(trailers.get("x-grpc-test-echo-trailing-bin"), [
						binary,
					]);
			});

			const special =
				"\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
			for (const [name, message] of [
				["status_code_and_message", "test status message"],
				["special_status_message", special],
			] as const)
				test(name, async () => {
					const responseStatus = { code: status.UNKNOWN, message };
					const unary = await callUnary(client.unaryCall.bind(client), {
						responseStatus,
					});
					const call = client.fullDuplexCall(new Metadata());
					call.resume();
					call.end({ responseStatus });
					for (const { code, details } of [
						unary.status,
						await statusOf(call),
					]) {
						assert.equal(code, status.UNKNOWN);
						assert.equal(details, message);
					}
				});

			test("unimplemented_method, unimplemented_service", async () => {
				for (const unary of [
					client.unimplementedCall,
					client.unimplementedService,
				]) {
					const { error } = await callUnary(unary.bind(client), {});
					assert.equal(error?.code, status.UNIMPLEMENTED);
				}
			});

			test("cancel_after_begin", async () => {
				const { promise, resolve } = Promise.withResolvers<number>();
				const call = client.streamingInputCall(new Metadata(), {}, (error) =>
					resolve(error?.code ?? status.OK),
				);
				call.cancel();
				assert.equal(await promise, status.CANCELLED);
			});

			test("cancel_after_first_response", async () => {
				const call = client.fullDuplexCall(new Metadata());
				const ended = statusOf(call);
				call.write({
					responseParameters: [{ size: 31_415 }],
					payload: payload(27_182),
				});
				await once(call, "data");
				call.cancel();
				assert.equal((await ended).code, status.CANCELLED);
			});

			test("timeout_on_sleeping_server", async () => {
				const call = client.fullDuplexCall(new Metadata(), {
					deadline: Date.now() + 1,
				});
				const ended = statusOf(call);
				call.write({
					responseParameters: [{ size: 9, intervalUs: 500_000 }],
					payload: payload(27_182),
				});
				assert.equal((await ended).code, status.DEADLINE_EXCEEDED);
			});

			test("server_compressed_unary", async () => {
				for (const value of [true, false]) {
					const { response, initial } = await callUnary(
						client.unaryCall.bind(client),
						{
							responseCompressed: { value },
							responseSize: LARGE_RESPONSE,
							payload: payload(LARGE_REQUEST),
						},
					);
					assert.ok(response !== undefined);
					assert.equal(sizeOf(response), LARGE_RESPONSE);
					assert.deepEqual(initial?.get("grpc-encoding"), []);
				}
			});

			test("server_compressed_streaming", async () => {
				const request: OutputRequest = {
					responseParameters: [
						{ compressed: { value: true }, size: 31_415 },
						{ compressed: { value: false }, size: 92_653 },
					],
				};
				const sizes: number[] = [];
				for await (const response of client.streamingOutputCall(request))
					sizes.push(sizeOf(response));
				assert.deepEqual(sizes, [31_415, 92_653]);
			});

			for (const encoding of ["gzip", "deflate"] as const)
				test(`client_compressed_unary and client_compressed_streaming, ${encoding}`, async () => {
					const compressing = createClient(port, {
						"grpc.default_compression_algorithm":
							compressionAlgorithms[encoding],
					});
					const request = {
						expectCompressed: { value: true },
						responseSize: LARGE_RESPONSE,
						payload: payload(LARGE_REQUEST),
					};
					// The probe: a server that cannot tell would answer OK.
					const probe = await callUnary(client.unaryCall.bind(client), request);
					assert.equal(probe.error?.code, status.INVALID_ARGUMENT);
					const { response } = await callUnary(
						compressing.unaryCall.bind(compressing),
						request,
					);
					assert.ok(response !== undefined);
					assert.equal(sizeOf(response), LARGE_RESPONSE);
					const { promise, resolve, reject } = Promise.withResolvers<number>();
					const call = compressing.streamingInputCall(
						new Metadata(),
						{},
						(error, sum) => {
							if (error !== null) reject(error);
							else resolve(sum?.aggregatedPayloadSize ?? -1);
						},
					);
					call.write({
						expectCompressed: { value: true },
						payload: payload(27_182),
					});
					call.end({ payload: payload(45_904) });
					assert.equal(await promise, 73_086);
					compressing.close();
				});

			test("details of a status arrive as they were sent", async () => {
				const metadata = new Metadata();
				metadata.set("x-test-details", "1");
				const { error } = await callUnary(
					client.unaryCall.bind(client),
					{ responseStatus: { code: status.ABORTED, message: "with details" } },
					metadata,
				);
				assert.equal(error?.code, status.ABORTED);
				const [details] = error.metadata.get("grpc-status-details-bin");
				assert.ok(details instanceof Buffer);
				assert.ok(
					details.includes("type.googleapis.com/grpc.testing.EchoStatus"),
				);
			});
		},
	);
