// A model that is loaded as it is, from files that nobody else can reach. ONNX Runtime maps tensors that lie in files of
// their own where they lie, and who cuts a mapped file kills every process that has it mapped: so the load sees a copy,
// and the copy's names are gone when it is loaded. A large model has its tensors taken out into such a file, too: read
// from the model itself they would be in memory twice while the optimiser makes new ones of them.
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DIRECTORY_MODE } from "./cache-files.ts";
import { liftTensors } from "./lift-tensors.ts";
import type { LoadFolder } from "./load-folder.ts";
import { listExternalData } from "./onnx-messages.ts";
import { insideOf, locationOf } from "./source-digest.ts";

/** What is loaded. */
export type OwnSource =
	| { readonly kind: "file"; readonly path: string }
	| {
			readonly kind: "graph";
			readonly graph: Uint8Array;
			/** Folder of the files that it names. */
			readonly tensors: string;
	  };

export interface OwnFilesOptions {
	readonly path: string;
	/** The model is so large that its tensors are taken out. */
	readonly isLarge: boolean;
	readonly makeFolder: () => Promise<LoadFolder>;
	/** Why the load needs more memory than it had to. */
	readonly warn: (error: unknown) => void;
}

/** Calls `load` with what may be loaded as it is. */
export async function withOwnFiles<Loaded>(
	options: OwnFilesOptions,
	load: (source: OwnSource) => Promise<Loaded>,
): Promise<Loaded> {
	const { path, isLarge, makeFolder, warn } = options;
	const itself = { kind: "file", path } as const;
	// A tensor's file is in the model's folder, or below.
	const isAlone = (await readdir(dirname(path))).length <= 1;
	if (isAlone && !isLarge) return load(itself);
	let folder: LoadFolder;
	try {
		folder = await makeFolder();
	} catch (error) {
		if (!isAlone) throw error;
		warn(error);
		return load(itself);
	}
	try {
		// No file that the model itself names.
		const own = randomUUID();
		const graph = isLarge ? await lift(options, folder.path, own) : null;
		if (isAlone && graph === null) return await load(itself);
		const locations = externalLocations(graph ?? (await readFile(path))).filter(
			(location) => location !== own,
		);
		await copyLocations(locations, dirname(path), folder.path);
		if (graph !== null) {
			const lifted = load({ kind: "graph", graph, tensors: folder.path });
			if (locations.length > 0) return await lifted;
			// What is wrong with the model, the model itself tells best.
			return await lifted.catch(() => load(itself));
		}
		if (locations.length === 0) return await load(itself);
		const copy = join(folder.path, basename(path));
		await copyFile(path, copy);
		return await load({ kind: "file", path: copy });
	} finally {
		await folder.remove();
	}
}

/** Null: it is not worth it, or cannot be. */
async function lift(
	{ path, warn }: OwnFilesOptions,
	folder: string,
	location: string,
): Promise<Uint8Array | null> {
	try {
		return await liftTensors(path, {
			target: join(folder, location),
			location,
		});
	} catch (error) {
		// For what is no model, its load says so.
		if (!(error instanceof RangeError)) warn(error);
		return null;
	}
}

async function copyLocations(
	locations: readonly string[],
	from: string,
	to: string,
): Promise<void> {
	for (const location of locations) {
		const target = join(to, location);
		await mkdir(dirname(target), { recursive: true, mode: DIRECTORY_MODE });
		await copyFile(insideOf(from, location), target);
	}
}

/** Of tensors outside of the model's file, relative to its folder; none for what is no model: its load says so. */
function externalLocations(model: Uint8Array): string[] {
	try {
		return [...new Set(listExternalData(model).map(locationOf))];
	} catch (error) {
		if (error instanceof RangeError) return [];
		throw error;
	}
}
