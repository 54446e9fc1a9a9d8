// Ray Serve (https://docs.ray.io/en/latest/serve): a cluster of one node, which ends with its driver.
import type { Peer } from "../peer.ts";
import { pythonPeer, runScript } from "../python-peer.ts";
import { layouts, PLAIN } from "../settings.ts";

const DELAY_MS = 2;

export const ray: Peer = pythonPeer({
	name: "ray",
	distribution: "ray",
	wire: { kind: "http", route: { path: "/predict", body: "bytes" } },
	readyPath: () => "/ready",
	choose: (limits) => ({
		defaults: PLAIN,
		candidates: layouts(limits, DELAY_MS),
	}),
	command: (python) => ({
		...runScript(python, "ray/peer_ray.py"),
		env: { RAY_USAGE_STATS_ENABLED: "0", RAY_AUTH_MODE: "disabled" },
	}),
});
