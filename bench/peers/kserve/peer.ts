// KServe's Python server (https://kserve.github.io/website), its gRPC port. It has no batching of its own: KServe does
// that in another container.
import type { Peer } from "../peer.ts";
import { pythonPeer, runScript } from "../python-peer.ts";
import { layouts, PLAIN } from "../settings.ts";

export const kserve: Peer = pythonPeer({
	name: "kserve",
	distribution: "kserve",
	wire: { kind: "grpc" },
	readyPath: (model) => `/v2/models/${model}/ready`,
	choose: ({ cores }) => ({
		defaults: PLAIN,
		candidates: [
			...layouts({ maxBatch: 1, cores }, 0),
			{ ...PLAIN, threads: cores },
		],
	}),
	command: (python) => runScript(python, "kserve/peer_kserve.py"),
});
