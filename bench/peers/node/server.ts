// What one writes without a model server: fastify, onnxruntime-node, and a process per core that share the port.
// Little-endian FP32 in and out. Its `run` holds the event loop of its process for as long as the model takes.
//   PEER_MODEL=FILE PEER_HTTP_PORT=N PEER_WORKERS=N PEER_THREADS=N PEER_QUEUE_LIMIT=N PEER_MODULES=FOLDER server.ts
import cluster from "node:cluster";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { bytesOf } from "../../load/workload.ts";

/** The part of fastify (https://fastify.dev) that is used here; it is installed for this peer alone. */
interface Fastify {
	addContentTypeParser(
		type: string,
		options: { parseAs: "buffer"; bodyLimit: number },
		parse: (
			request: unknown,
			body: Buffer,
			done: (error: null, body: Buffer) => void,
		) => void,
	): void;
	get(path: string, handle: () => Promise<string>): void;
	post(
		path: string,
		handle: (request: { body: Buffer }, reply: Reply) => Promise<Reply>,
	): void;
	listen(address: { host: string; port: number }): Promise<string>;
}
interface Reply {
	code(status: number): Reply;
	type(name: string): Reply;
	send(body: Uint8Array | string): Reply;
}

const env = process.env;
const BYTES = "application/octet-stream";
const BODY_LIMIT = 16 * 1024 * 1024;

async function serve(): Promise<void> {
	const threads = Number(env["PEER_THREADS"]);
	const session = await ort.InferenceSession.create(
		env["PEER_MODEL"] ?? "",
		threads === 0 ? {} : { intraOpNumThreads: threads },
	);
	const [input = ""] = session.inputNames;
	const [output = ""] = session.outputNames;
	const [metadata] = session.inputMetadata;
	const dims = metadata?.isTensor === true ? metadata.shape : [];
	const shape = [1, ...dims.slice(1).map(Number)];
	const load = createRequire(join(env["PEER_MODULES"] ?? "", "server.js"));
	const limit = Number(env["PEER_QUEUE_LIMIT"]) || Number.POSITIVE_INFINITY;
	let inServer = 0;
	const app = (load("fastify") as () => Fastify)();
	app.addContentTypeParser(
		BYTES,
		{ parseAs: "buffer", bodyLimit: BODY_LIMIT },
		(_request, body, done) => done(null, body),
	);
	app.get("/ready", async () => "");
	app.post("/predict", async ({ body }, reply) => {
		if (inServer >= limit) return reply.code(503).send("");
		inServer++;
		try {
			return await predict(body, reply);
		} finally {
			inServer--;
		}
	});
	const predict = async (body: Buffer, reply: Reply) => {
		// A body may begin anywhere in a pooled buffer; an FP32 array has to begin at a multiple of 4.
		const values = new Float32Array(new Uint8Array(body).buffer);
		const answers = await session.run({
			[input]: new ort.Tensor("float32", values, shape),
		});
		const answer = answers[output]?.data as Float32Array;
		return reply.type(BYTES).send(bytesOf(answer));
	};
	await app.listen({ host: "127.0.0.1", port: Number(env["PEER_HTTP_PORT"]) });
}

if (cluster.isPrimary)
	for (let i = 0; i < Number(env["PEER_WORKERS"]); i++) cluster.fork();
else await serve();
