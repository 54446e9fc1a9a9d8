// BentoML (https://docs.bentoml.com). Adaptive batching takes a longest latency instead of a wait.
import type { Peer } from "../peer.ts";
import { programOf, pythonPeer } from "../python-peer.ts";
import { layouts, PLAIN } from "../settings.ts";

/** Of a batch, queueing included; below it BentoML waits as long as it thinks right, and what will take longer it refuses. */
const MAX_LATENCY_MS = 5000;

export const bentoml: Peer = pythonPeer({
	name: "bentoml",
	distribution: "bentoml",
	wire: { kind: "http", route: { path: "/predict", body: "base64" } },
	readyPath: () => "/readyz",
	choose: (limits) => ({
		defaults: PLAIN,
		candidates: layouts(limits, MAX_LATENCY_MS),
	}),
	command: (python, { home, httpPort }) => ({
		program: programOf(python, "bentoml"),
		args: [
			"serve",
			"peer_bentoml:Peer",
			`--working-dir=${import.meta.dirname}`,
			"--host=127.0.0.1",
			`--port=${httpPort}`,
		],
		env: { BENTOML_HOME: home, BENTOML_DO_NOT_TRACK: "True" },
	}),
});
