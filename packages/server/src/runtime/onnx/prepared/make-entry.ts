// Makes an entry of the cache: optimise → measure → choose → take the tensors apart → publish. Only for who holds the
// cache's lock, in a process of its own: it takes seconds and several times the model's memory.
import { randomUUID } from "node:crypto";
import {
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { SaccadeError } from "../../../errors/saccade-error.ts";
import type { OnnxRuntime } from "../onnx-runtime.ts";
import {
	type CachePaths,
	DIRECTORY_MODE,
	entryPaths,
	FILE_MODE,
	flushFolder,
	sha256Of,
} from "./cache-files.ts";
import type { PreparedOptions, WeightsSetting } from "./entry-key.ts";
import { removeEntry } from "./evict.ts";
import { preparedOptions } from "./load-prepared.ts";
import {
	bytesOf,
	encodeManifest,
	type Manifest,
	type Measurement,
} from "./manifest.ts";
import { measureForms } from "./measure.ts";
import { splitTensors } from "./split-tensors.ts";
import { chooseWeights, type WeightsChoice } from "./weights-choice.ts";

/** Smaller tensors stay in the graph: a mapping takes a page and a call for each. */
const MIN_TENSOR_BYTES = 16 * 1024;
const TENSORS = "tensors";

export interface MakeOptions {
	readonly paths: CachePaths;
	readonly key: string;
	readonly madeOf: Manifest["madeOf"];
	readonly options: PreparedOptions;
	readonly weights: WeightsSetting;
	/** Of the whole cache: an entry that is larger is not kept. */
	readonly maxBytes: number;
	readonly runtime: OnnxRuntime;
	/** False: tensors in files of their own must not be mapped where they lie, so the model is never loaded as it is. */
	readonly mayStay: boolean;
	/** The model's files are still those of the key; throws LOAD_FAILED otherwise. */
	readonly assertUnchanged: () => void;
	readonly progress: (text: string) => void;
}

export async function makeEntry(make: MakeOptions): Promise<Manifest> {
	const { paths, runtime, madeOf, options, progress } = make;
	const work = join(paths.new, randomUUID());
	mkdirSync(work, { mode: DIRECTORY_MODE });
	try {
		progress("optimising");
		const optimised = join(work, "model.onnx");
		await runtime.saveOptimized({ kind: "file", path: madeOf.path }, options, {
			path: optimised,
			tensorsName: TENSORS,
			minTensorBytes: MIN_TENSOR_BYTES,
		});
		make.assertUnchanged();
		const measurement = await measure(make, optimised);
		const choice = choose(make, measurement, join(work, TENSORS));
		progress(`writing (weights ${choice.weights}: ${choice.because})`);
		const manifest = writeEntry(make, work, { measurement, ...choice });
		make.assertUnchanged();
		publish(make, join(work, "entry"));
		return manifest;
	} finally {
		rmSync(work, { recursive: true, force: true });
	}
}

function measure(
	{ runtime, madeOf, options, weights, progress }: MakeOptions,
	optimised: string,
): Promise<Measurement> | null {
	if (weights === "packed") return null;
	progress("measuring");
	const source = { kind: "file", path: optimised } as const;
	// One thread: on busy cores the others of a run would be waited for.
	const single = { ...options, intraOpThreadCount: 1 };
	return measureForms(runtime, {
		plain: { source: { kind: "file", path: madeOf.path }, options: single },
		mapped: { source, options: preparedOptions(single, "mapped", null) },
		prepacked: { source, options: preparedOptions(single, "prepacked", null) },
	});
}

function choose(
	{ weights, mayStay }: MakeOptions,
	measurement: Measurement | null,
	tensorsFile: string,
): WeightsChoice {
	const choice = chooseWeights(weights, measurement, sizeOf(tensorsFile));
	if (choice.weights !== "as-it-is" || mayStay) return choice;
	return { weights: "packed", because: choice.because };
}

function sizeOf(path: string): number {
	return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Into `work/entry`; its tensors already at their place. */
function writeEntry(
	{ paths, key, madeOf, maxBytes }: MakeOptions,
	work: string,
	chosen: WeightsChoice & { readonly measurement: Measurement | null },
): Manifest {
	const folder = join(work, "entry");
	mkdirSync(folder, { mode: DIRECTORY_MODE });
	const put = (name: string, content: string | Uint8Array) =>
		writeFileSync(join(folder, name), content, {
			mode: FILE_MODE,
			flag: "wx",
			flush: true,
		});
	const base = { key, madeOf, ...chosen };
	const manifest: Manifest =
		chosen.weights === "as-it-is"
			? { ...base, graph: null, tensors: [] }
			: { ...base, ...writeModel(paths, work, chosen, put) };
	if (bytesOf(manifest) > maxBytes)
		throw new SaccadeError(
			"LOAD_FAILED",
			`the prepared model has ${bytesOf(manifest)} bytes, the cache may have ${maxBytes} in all; raise --prepared-max-size`,
		);
	put("manifest.json", encodeManifest(manifest));
	put("used", "");
	flushFolder(folder);
	return manifest;
}

function writeModel(
	paths: CachePaths,
	work: string,
	{ weights }: WeightsChoice,
	put: (name: string, content: Uint8Array) => void,
): Pick<Manifest, "graph" | "tensors"> {
	const optimised = readFileSync(join(work, "model.onnx"));
	const tensorsFile = join(work, TENSORS);
	const split =
		sizeOf(tensorsFile) === 0
			? { graph: optimised, tensors: [] }
			: splitTensors({
					paths,
					graph: optimised,
					tensorsFile,
					keepPrepacked: weights === "prepacked",
					beside: join(work, "tensor"),
				});
	flushFolder(paths.tensors);
	put("graph.onnx", split.graph);
	return {
		graph: { sha256: sha256Of(split.graph), bytes: split.graph.length },
		tensors: split.tensors,
	};
}

/** One rename: readers see no entry, or all of it. */
function publish({ paths, key }: MakeOptions, written: string): void {
	const { folder } = entryPaths(paths, key);
	removeEntry(paths, key, { evenInUse: true });
	renameSync(written, folder);
	flushFolder(paths.entries);
}
