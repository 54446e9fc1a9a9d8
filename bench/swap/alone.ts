// Without load: how long a file takes into service, and what a restart takes instead.

import { findFixture } from "../../scripts/fixtures/catalogue.ts";
import { fullyConnected } from "../../scripts/fixtures/models/bench-models.ts";
import { encodeOnnxModel } from "../../scripts/fixtures/onnx-writer.ts";
import { type RigModel, SETTLE_MS, SwapRig, type SwapTimes } from "./rig.ts";

/** One way of a file into service. */
export interface Way {
	readonly model: string;
	readonly fileMb: number;
	/** `first seen`: no server knew the file; `prepared`: it was served before. */
	readonly file: "first seen" | "prepared";
	/** From written to in service. */
	readonly intoServiceMs: number;
	readonly loadMs: number;
	readonly preparingMs: number;
	/** Beside the settle time and the load. */
	readonly restMs: number;
}

export interface Restart {
	readonly model: string;
	/** From the signal to the end of the process. */
	readonly stopMs: number;
	/** From the start of the next one to its first answer that it is ready. */
	readonly startMs: number;
}

/** Of a 100 MB model. @param seeds of weights that nobody saw before */
export async function measureWays(seeds: readonly number[]): Promise<{
	readonly ways: readonly Way[];
	readonly restarts: readonly Restart[];
}> {
	const files = seeds.map((seed) => encodeOnnxModel(fullyConnected(seed)));
	const model: RigModel = {
		name: "fc",
		file: encodeOnnxModel(fullyConnected()),
		config: String(findFixture("fc").files()["config.pbtxt"]),
	};
	const ways: Way[] = [];
	const restarts: Restart[] = [];
	const rig = await SwapRig.start([model]);
	try {
		for (const file of ["first seen", "prepared"] as const)
			for (const bytes of files)
				ways.push(wayOf("fc", file, bytes, await rig.swap("fc", bytes)));
		for (const _ of seeds)
			restarts.push({ model: "fc", ...(await rig.restart()) });
	} finally {
		await rig.stop();
	}
	return { ways, restarts };
}

function wayOf(
	model: string,
	file: Way["file"],
	bytes: Uint8Array,
	{ writtenAtMs, servedAtMs, loadMs, preparingMs }: SwapTimes,
): Way {
	const intoServiceMs = servedAtMs - writtenAtMs;
	return {
		model,
		fileMb: Math.round(bytes.byteLength / 1e6),
		file,
		intoServiceMs,
		loadMs,
		preparingMs,
		restMs: intoServiceMs - loadMs - SETTLE_MS,
	};
}
