// The server with onnxruntime-node's blocking `run()` for a backend, as a process: the arguments of `saccade serve`
// behind the number of threads of a run.
import {
	createLogger,
	createServer,
	resolveOptions,
} from "../../../packages/server/src/index.ts";
import { BlockingRuntime } from "./blocking-runtime.ts";

const [threadCount = "1", , ...args] = process.argv.slice(2);
const resolved = resolveOptions({
	args: [...args, "--audit=false"],
	env: {},
	fileText: null,
});
if (!resolved.ok) throw new Error(resolved.problems.join("; "));
const server = createServer(resolved.options, {
	log: createLogger("warn"),
	runtimes: new Map([
		["onnxruntime", new BlockingRuntime(Number(threadCount))],
	]),
});
await server.listen();
process.once("SIGTERM", async () => {
	await server.close();
	process.exit(0);
});
