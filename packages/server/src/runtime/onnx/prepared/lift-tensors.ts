// Takes the large tensors out of a model file into a file of their own, as ONNX has it for external data: ONNX Runtime
// maps them then, in place of reading them into memory and copying them from there.
import { type FileHandle, open } from "node:fs/promises";
import {
	bytesField,
	externalDataFields,
	GRAPH,
	INITIALIZER,
	malformed,
	varintField,
} from "./onnx-messages.ts";
import {
	type LargeTensor,
	lengthOf,
	type ModelPart,
	planTensors,
	type Range,
} from "./tensor-plan.ts";

/** Of `TensorProto`. */
const DATA_LOCATION = 14;
const IS_EXTERNAL = 1;
const CHUNK_BYTES = 1024 * 1024;

/**
 * Writes the large tensors of the model `path` to the new file `target`, and returns the rest of the model, which
 * names that file as `location`. Null: they are not most of it, and nothing is written.
 * Throws RangeError for what is no model, and the file system's error.
 */
export async function liftTensors(
	path: string,
	{ target, location }: { readonly target: string; readonly location: string },
): Promise<Uint8Array | null> {
	const source = await open(path, "r");
	try {
		const { parts, modelBytes, tensorBytes } = await planTensors(source);
		if (2 * tensorBytes <= modelBytes) return null;
		await copyTensors(source, parts, target);
		return await assemble(source, parts, location);
	} finally {
		await source.close();
	}
}

async function copyTensors(
	source: FileHandle,
	parts: readonly ModelPart[],
	target: string,
): Promise<void> {
	const file = await open(target, "wx", 0o400);
	try {
		const chunk = new Uint8Array(CHUNK_BYTES);
		for (const { data, at } of tensorsOf(parts))
			for (let done = 0; done < lengthOf(data); ) {
				const length = Math.min(CHUNK_BYTES, lengthOf(data) - done);
				const piece = chunk.subarray(0, length);
				await readWhole(source, piece, data.from + done);
				await writeWhole(file, piece, at + done);
				done += length;
			}
	} finally {
		await file.close();
	}
}

function* tensorsOf(parts: readonly ModelPart[]): Generator<LargeTensor> {
	for (const part of parts)
		if (part.kind === "tensor") yield part.tensor;
		else if (part.kind === "graph") yield* tensorsOf(part.parts);
}

async function assemble(
	source: FileHandle,
	parts: readonly ModelPart[],
	location: string,
): Promise<Uint8Array> {
	const bytes: Uint8Array[] = [];
	for (const part of parts)
		switch (part.kind) {
			case "as-it-is":
				bytes.push(await readRange(source, part.range));
				break;
			case "graph": {
				const graph = await assemble(source, part.parts, location);
				bytes.push(bytesField(GRAPH, graph));
				break;
			}
			case "tensor": {
				const { rest, data, at } = part.tensor;
				const own: Uint8Array[] = [];
				for (const range of rest) own.push(await readRange(source, range));
				own.push(
					...externalDataFields([
						["location", location],
						["offset", String(at)],
						["length", String(lengthOf(data))],
					]),
					// After one that says otherwise: of fields that come twice the last one counts.
					varintField(DATA_LOCATION, IS_EXTERNAL),
				);
				bytes.push(bytesField(INITIALIZER, Buffer.concat(own)));
				break;
			}
		}
	return Buffer.concat(bytes);
}

async function readRange(file: FileHandle, range: Range): Promise<Uint8Array> {
	const bytes = new Uint8Array(lengthOf(range));
	await readWhole(file, bytes, range.from);
	return bytes;
}

async function readWhole(
	file: FileHandle,
	bytes: Uint8Array,
	position: number,
): Promise<void> {
	for (let done = 0; done < bytes.length; ) {
		const { bytesRead } = await file.read({
			buffer: bytes,
			offset: done,
			position: position + done,
		});
		if (bytesRead === 0) throw malformed();
		done += bytesRead;
	}
}

async function writeWhole(
	file: FileHandle,
	bytes: Uint8Array,
	position: number,
): Promise<void> {
	for (let done = 0; done < bytes.length; ) {
		const { bytesWritten } = await file.write(
			bytes,
			done,
			bytes.length - done,
			position + done,
		);
		done += bytesWritten;
	}
}
