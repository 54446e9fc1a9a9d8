// The two models under load: one that is swapped between two versions, and one that nobody touches. Same network, so
// that what one notices can be set beside what the other does.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFixture } from "../../scripts/fixtures/catalogue.ts";
import { smallCnn } from "../../scripts/fixtures/models/bench-models.ts";
import { encodeOnnxModel } from "../../scripts/fixtures/onnx-writer.ts";
import type { WorkloadModel } from "../load/workload.ts";
import { expectedAnswers } from "../serve/expected.ts";
import type { LoadSetup } from "./load-process.ts";
import type { RigModel } from "./rig.ts";

export const SWAPPED = "swapped";
export const BYSTANDER = "bystander";

/** Weights of the versions, by seed. */
const VERSIONS = [101, 102] as const;

function modelOf(name: string): WorkloadModel {
	return {
		name,
		input: "input",
		inputShape: [1, 3, 96, 96],
		output: "output",
		outputShape: [1, 10],
	};
}

export function version(seed: number): Uint8Array {
	return encodeOnnxModel(smallCnn(seed));
}

/** Of version `index`, modulo how many there are. */
export function versionFile(index: number): Uint8Array {
	return version(VERSIONS[index % VERSIONS.length]!);
}

export function rigModels(): RigModel[] {
	const config = String(findFixture("smallcnn").files()["config.pbtxt"]);
	return [SWAPPED, BYSTANDER].map((name) => ({
		name,
		file: versionFile(0),
		config: config.replace('name: "smallcnn"', `name: "${name}"`),
	}));
}

export async function loadSetup(): Promise<LoadSetup> {
	const folder = mkdtempSync(join(tmpdir(), "saccade-swap-expected-"));
	try {
		const expected: string[][] = [];
		for (const seed of VERSIONS) {
			const path = join(folder, `${seed}.onnx`);
			writeFileSync(path, version(seed));
			expected.push(await expectedAnswers(path, modelOf(SWAPPED)));
		}
		return {
			models: [
				{ model: modelOf(SWAPPED), expected },
				{ model: modelOf(BYSTANDER), expected: expected.slice(0, 1) },
			],
		};
	} finally {
		rmSync(folder, { recursive: true });
	}
}
