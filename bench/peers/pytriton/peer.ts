// PyTriton (https://triton-inference-server.github.io/pytriton) carries Triton itself with its Python backend alone:
// Triton's ONNX Runtime backend comes in NVIDIA's images, not in a registry.
import type { ModelLimits, Peer, SettingsChoice } from "../peer.ts";
import { libraryFolderOf, pythonPeer, runScript } from "../python-peer.ts";
import { layouts, PLAIN } from "../settings.ts";

const DEFAULT_MAX_BATCH = 4;

export function choosePytriton(limits: ModelLimits): SettingsChoice {
	const maxBatch = limits.maxBatch < 2 ? 1 : DEFAULT_MAX_BATCH;
	return {
		defaults: { ...PLAIN, maxBatch },
		// While its instances are busy, requests queue into a batch: it need not wait for more.
		candidates: layouts(limits, 0),
	};
}

export const pytriton: Peer = pythonPeer({
	name: "pytriton",
	distribution: "nvidia-pytriton",
	wire: { kind: "grpc" },
	// Triton and its stubs watch each other.
	staysAwake: true,
	readyPath: (model) => `/v2/models/${model}/ready`,
	choose: choosePytriton,
	command: (python) => ({
		...runScript(python, "pytriton/peer_pytriton.py"),
		// Its stub must load the same Python as the one whose packages it imports.
		env: { LD_LIBRARY_PATH: libraryFolderOf(python) },
	}),
});
