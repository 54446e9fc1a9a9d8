// The server of a probe: in its process, HTTP alone, and nothing that would take memory or threads beside the models.
import {
	createLogger,
	createServer,
	resolveOptions,
	type Server,
} from "../../packages/server/src/index.ts";

export interface ProbeServer {
	readonly server: Server;
	/** Of the inference protocol. */
	readonly base: string;
}

export async function startProbeServer(
	repository: string,
): Promise<ProbeServer> {
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
	return { server, base: `http://127.0.0.1:${http?.port}/v2` };
}
