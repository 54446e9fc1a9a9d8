// A server of its own with one model, all lanes of which have run. Prints its resident memory in bytes.
import {
	createLogger,
	createServer,
	resolveOptions,
} from "../../packages/server/src/index.ts";

const REQUESTS = 16;

const [repository = ""] = process.argv.slice(2);
const resolved = resolveOptions({
	args: [
		"--model-repository",
		repository,
		"--http-port=0",
		"--allow-grpc=false",
		"--prepared-models=off",
		"--allow-metrics=false",
		"--audit=false",
	],
	env: {},
	fileText: null,
});
if (!resolved.ok) throw new Error(resolved.problems.join("\n"));
const server = createServer(resolved.options, {
	log: createLogger("error"),
	poolThreads: process.env["UV_THREADPOOL_SIZE"],
});
const { http } = await server.listen();
const data = new Array<number>(1024).fill(0.5);
const body = JSON.stringify({
	inputs: [{ name: "input", datatype: "FP32", shape: [1, 1024], data }],
});
await Promise.all(
	Array.from({ length: REQUESTS }, async () => {
		const answer = await fetch(
			`http://127.0.0.1:${http?.port}/v2/models/fc/infer`,
			{ method: "POST", body },
		);
		if (!answer.ok) throw new Error(await answer.text());
		await answer.arrayBuffer();
	}),
);
process.stdout.write(String(process.memoryUsage.rss()));
await server.close();
