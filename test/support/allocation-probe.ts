// A server of its own that tells, whenever its parent asks, how much memory its array buffers hold.
import {
	createLogger,
	createServer,
	resolveOptions,
} from "../../packages/server/src/index.ts";

export type ProbeMessage =
	| { readonly kind: "ready"; readonly grpcPort: number }
	| { readonly kind: "held"; readonly arrayBufferBytes: number };

const send = (message: ProbeMessage) => process.send?.(message);

const resolved = resolveOptions({
	args: [
		"--model-repository",
		process.argv[2] ?? "",
		"--grpc-port=0",
		"--allow-http=false",
		"--prepared-models=off",
		"--allow-metrics=false",
		"--audit=false",
	],
	env: {},
	fileText: null,
});
if (!resolved.ok) throw new Error(resolved.problems.join("\n"));
const server = createServer(resolved.options, { log: createLogger("error") });
const { grpc } = await server.listen();
process.on("message", () =>
	send({
		kind: "held",
		arrayBufferBytes: process.memoryUsage().arrayBuffers,
	}),
);
process.on("disconnect", () => void server.close());
send({ kind: "ready", grpcPort: grpc?.port ?? 0 });
