// Mutated valid requests, from fixed seeds, over HTTP and over gRPC. Each is answered well-formed or refused with a
// documented error, never with "internal error"; and a good request is answered right after them.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
	ModelInferRequestSchema,
	ModelInferResponseSchema,
} from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { mulberry32 } from "../../packages/server/src/transport/grpc/test-support/random.ts";
import type { ScenarioRequest } from "../scenarios/scenario.ts";
import { floats, input, pair } from "../scenarios/table/requests.ts";
import { toBytes } from "../scenarios/tensors.ts";
import {
	ModelInfer,
	toAnswer,
	toMessage,
} from "../scenarios/transports/grpc.ts";
import { HttpClient, toJson, toOutcome } from "../scenarios/transports/http.ts";
import { frame, GrpcWire } from "../support/grpc-wire.ts";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const CASES_PER_SEED = 400;
const SEEDS = [1, 2, 3];
/** What a wrong request may be told. */
const HTTP_STATUSES: ReadonlySet<number> = new Set([
	200, 400, 404, 501, 503, 504,
]);
const GRPC_STATUSES: ReadonlySet<number> = new Set([0, 3, 4, 5, 8, 12, 14]);

const VALID: readonly ScenarioRequest[] = [
	{ model: "simple", id: "fuzz", inputs: pair(2) },
	{
		model: "simple",
		inputs: pair(),
		outputs: [
			{ name: "OUTPUT1", parameters: { classification: 2 } },
			{ name: "OUTPUT0" },
		],
		parameters: {
			priority: 1,
			timeout: 100_000,
			deadline_ms: 60_000,
			note: "x",
		},
	},
	{ model: "identity_fp32", version: "1", inputs: [floats([1, 2, 3])] },
	{
		model: "identity_bytes",
		inputs: [input("INPUT0", "BYTES", [1, 3], ["", "abc", "größer"])],
	},
];

type Random = () => number;

/** One to three changes, each of another kind. */
function mutate(original: Uint8Array, random: Random): Buffer {
	let bytes = Buffer.from(original);
	const whole = (below: number) => Math.floor(random() * below);
	for (let changes = 1 + whole(3); changes > 0; changes--) {
		const at = whole(bytes.byteLength + 1);
		const before = bytes.subarray(0, at);
		const behind = bytes.subarray(at);
		const some = behind.subarray(0, 1 + whole(16));
		switch (whole(6)) {
			case 0:
				bytes = Buffer.concat([
					before,
					Buffer.from([whole(256)]),
					behind.subarray(1),
				]);
				break;
			case 1:
				bytes = Buffer.concat([before, behind.subarray(some.byteLength)]);
				break;
			case 2:
				bytes = Buffer.concat([before, some, behind]);
				break;
			case 3:
				bytes = Buffer.concat([
					before,
					Buffer.from(Array.from({ length: 1 + whole(8) }, () => whole(256))),
					behind,
				]);
				break;
			case 4:
				bytes = Buffer.from(before);
				break;
			default:
				// Values at the edges of what integers hold.
				bytes = Buffer.concat([
					before,
					Buffer.from(
						[
							"-1",
							"99999999999999999999",
							"1e400",
							"NaN",
							"\xff\xff\xff\xff\x7f",
						][whole(5)] ?? "",
						"latin1",
					),
					behind,
				]);
		}
	}
	return bytes;
}

function httpForms(
	request: ScenarioRequest,
): { readonly body: Buffer; readonly jsonLength: number | null }[] {
	const described = (form: "data" | "binary") => ({
		...(request.id !== undefined && { id: request.id }),
		...(request.parameters !== undefined && { parameters: request.parameters }),
		...(request.outputs !== undefined && { outputs: request.outputs }),
		inputs: request.inputs.map(({ name, dtype, shape, values }) => ({
			name,
			shape,
			datatype: dtype,
			...(form === "data"
				? { data: values }
				: {
						parameters: { binary_data_size: toBytes(dtype, values).byteLength },
					}),
		})),
	});
	const json = toJson(described("binary"));
	const payloads = request.inputs.map(({ dtype, values }) =>
		toBytes(dtype, values),
	);
	return [
		{ body: Buffer.from(toJson(described("data"))), jsonLength: null },
		{
			body: Buffer.concat([Buffer.from(json), ...payloads]),
			jsonLength: Buffer.byteLength(json),
		},
	];
}

function messageOf(
	request: ScenarioRequest,
	contents: "raw" | "typed",
): Uint8Array {
	return toBinary(
		ModelInferRequestSchema,
		create(ModelInferRequestSchema, toMessage(request, contents)),
	);
}

describe("fuzzing", { timeout: 240_000 }, () => {
	let server: TestServer;
	let http: HttpClient;
	let grpc: GrpcWire;
	before(async () => {
		const repository = makeModelRepository(
			{ after },
			"simple",
			"identity_fp32",
			"identity_bytes",
		);
		server = await startTestServer(repository);
		http = new HttpClient(server.http);
		grpc = new GrpcWire(server.grpcAddress);
	});
	after(async () => {
		http.close();
		grpc.close();
		await server.close();
	});

	for (const seed of SEEDS) {
		test(`HTTP bodies, seed ${seed}`, async (t) => {
			const random = mulberry32(seed);
			const statuses = new Map<number, number>();
			const forms = VALID.flatMap((request) =>
				httpForms(request).map((form) => ({ ...form, model: request.model })),
			);
			for (let i = 0; i < CASES_PER_SEED; i++) {
				const { model, body, jsonLength } = forms[i % forms.length]!;
				const sent = mutate(body, random);
				const length =
					jsonLength === null || random() < 0.2
						? Math.floor(random() * 400)
						: jsonLength;
				const answer = await http.ask({
					path: `/v2/models/${model}/${random() < 0.1 ? "generate" : "infer"}`,
					body: sent,
					headers:
						jsonLength === null && random() < 0.8
							? {}
							: { "inference-header-content-length": String(length) },
				});
				const context = () =>
					`seed ${seed}, case ${i}: ${answer.status} ${answer.body.toString("latin1").slice(0, 300)}\nfor ${sent.toString("latin1").slice(0, 600)}`;
				assert.ok(HTTP_STATUSES.has(answer.status), context());
				statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
				if (answer.status === 200) continue;
				const outcome = toOutcome(answer);
				assert.ok(!outcome.ok && outcome.text.length > 0, context());
			}
			t.diagnostic(`statuses ${JSON.stringify([...statuses])}`);
			assert.ok(
				(statuses.get(400) ?? 0) > CASES_PER_SEED / 4,
				"mutations broke little",
			);
			await assertControl();
		});

		test(`gRPC messages, seed ${seed}`, async (t) => {
			const random = mulberry32(seed);
			const statuses = new Map<number, number>();
			const messages = VALID.flatMap((request) => [
				messageOf(request, "raw"),
				messageOf(request, "typed"),
			]);
			for (let i = 0; i < CASES_PER_SEED; i++) {
				const sent = mutate(messages[i % messages.length]!, random);
				const reply = await grpc.call(ModelInfer.path, frame(sent));
				const context = `seed ${seed}, case ${i}: ${reply.status} ${reply.message} for ${sent.toString("hex").slice(0, 600)}`;
				assert.ok(
					reply.status !== null && GRPC_STATUSES.has(reply.status),
					context,
				);
				statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
				if (reply.status !== 0) {
					assert.notEqual(reply.message, "", context);
					continue;
				}
				assert.equal(reply.messages.length, 1, context);
				toAnswer(fromBinary(ModelInferResponseSchema, reply.messages[0]!));
			}
			t.diagnostic(`statuses ${JSON.stringify([...statuses])}`);
			assert.ok(
				(statuses.get(3) ?? 0) > CASES_PER_SEED / 4,
				"mutations broke little",
			);
			await assertControl();
		});
	}

	async function assertControl(): Promise<void> {
		const request = { model: "simple", id: "control", inputs: pair() };
		const answer = await http.ask({
			path: "/v2/models/simple/infer",
			body: httpForms(request)[0]!.body,
		});
		const outcome = toOutcome(answer);
		assert.ok(outcome.ok && outcome.answer.id === "control");
		const reply = await grpc.call(
			ModelInfer.path,
			frame(messageOf(request, "raw")),
		);
		assert.equal(reply.status, 0, reply.message);
		const { id, outputs } = toAnswer(
			fromBinary(ModelInferResponseSchema, reply.messages[0]!),
		);
		assert.equal(id, "control");
		assert.deepEqual(outputs[1]?.values.slice(0, 3), [-1, 0, 1]);
	}
});
