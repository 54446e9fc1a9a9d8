// A server of its own with one model, all lanes of which have run. Prints its resident memory in bytes.
import { startProbeServer } from "./probe-server.ts";

const REQUESTS = 16;

const [repository = ""] = process.argv.slice(2);
const { server, base } = await startProbeServer(repository);
const data = new Array<number>(1024).fill(0.5);
const body = JSON.stringify({
	inputs: [{ name: "input", datatype: "FP32", shape: [1, 1024], data }],
});
await Promise.all(
	Array.from({ length: REQUESTS }, async () => {
		const answer = await fetch(`${base}/models/fc/infer`, {
			method: "POST",
			body,
		});
		if (!answer.ok) throw new Error(await answer.text());
		await answer.arrayBuffer();
	}),
);
process.stdout.write(String(process.memoryUsage.rss()));
await server.close();
