// A model whose tensors lie in files of their own, loaded as it is: ONNX Runtime maps such files where they lie, and who
// cuts a mapped file kills every process that has it mapped. So the load sees a copy of our own, and the copy's names
// are gone when it is loaded.
import {
	copyFile,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { listExternalData } from "./onnx-messages.ts";
import { insideOf, locationOf } from "./source-digest.ts";

/** Calls `load` with the path of a file that may be loaded as it is. */
export async function withOwnFiles<Loaded>(
	path: string,
	load: (path: string) => Promise<Loaded>,
): Promise<Loaded> {
	const locations = await externalLocations(path);
	if (locations.length === 0) return load(path);
	const folder = await mkdtemp(join(tmpdir(), "saccade-model-"));
	try {
		const copy = join(folder, basename(path));
		await copyFile(path, copy);
		for (const location of locations) {
			const target = join(folder, location);
			await mkdir(dirname(target), { recursive: true, mode: 0o700 });
			await copyFile(insideOf(dirname(path), location), target);
		}
		return await load(copy);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** Of tensors outside of the model's file, relative to its folder; none for what is no model: its load says so. */
async function externalLocations(path: string): Promise<string[]> {
	// A tensor's file is in the model's folder, or below: where there is nothing else, a large model need not be read.
	const entries = await readdir(dirname(path));
	if (entries.length <= 1) return [];
	try {
		const data = listExternalData(await readFile(path));
		return [...new Set(data.map(locationOf))];
	} catch (error) {
		if (error instanceof RangeError) return [];
		throw error;
	}
}
