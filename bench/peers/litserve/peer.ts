// LitServe (https://lightning.ai/docs/litserve). Takes any body that FastAPI takes: bytes.
import type { Peer } from "../peer.ts";
import { pythonPeer, runScript } from "../python-peer.ts";
import { layouts, PLAIN } from "../settings.ts";

const DELAY_MS = 2;

export const litserve: Peer = pythonPeer({
	name: "litserve",
	distribution: "litserve",
	wire: { kind: "http", route: { path: "/predict", body: "bytes" } },
	readyPath: () => "/health",
	choose: (limits) => ({
		defaults: PLAIN,
		candidates: layouts(limits, DELAY_MS),
	}),
	command: (python) => runScript(python, "litserve/peer_litserve.py"),
});
