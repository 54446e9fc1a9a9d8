// MLServer (https://mlserver.readthedocs.io). By default one process beside the server's own runs the model;
// `workers` 0 runs it in the server's.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelLimits, Peer, SettingsChoice } from "../peer.ts";
import { type PythonStart, programOf, pythonPeer } from "../python-peer.ts";
import { layouts, PLAIN } from "../settings.ts";

const DELAY_MS = 2;

export function chooseMlserver(limits: ModelLimits): SettingsChoice {
	const inServer = { ...PLAIN, workers: 0, threads: limits.cores };
	const [batched] = layouts(limits, DELAY_MS);
	return {
		defaults: PLAIN,
		candidates:
			batched !== undefined && batched.maxBatch > 1
				? [{ ...batched, workers: 0 }, inServer]
				: [inServer, { ...PLAIN, workers: limits.cores, threads: 1 }],
	};
}

function writeSettings(start: PythonStart): void {
	const { settings, tuned } = start;
	const write = (file: string, content: object) =>
		writeFileSync(join(start.home, file), JSON.stringify(content));
	write("settings.json", {
		host: "127.0.0.1",
		http_port: start.httpPort,
		grpc_port: start.grpcPort,
		metrics_port: start.metricsPort,
		debug: false,
		...(tuned && { parallel_workers: settings.workers }),
	});
	write("model-settings.json", {
		name: start.served.model.name,
		implementation: "peer_mlserver.Onnx",
		...(settings.maxBatch > 1 && {
			max_batch_size: settings.maxBatch,
			max_batch_time: settings.delayMs / 1000,
		}),
	});
}

export const mlserver: Peer = pythonPeer({
	name: "mlserver",
	distribution: "mlserver",
	wire: { kind: "grpc" },
	readyPath: (model) => `/v2/models/${model}/ready`,
	choose: chooseMlserver,
	command: (python, start) => {
		writeSettings(start);
		return { program: programOf(python, "mlserver"), args: ["start", "."] };
	},
});
