// What `saccade infer` prints: tables for people, one object for programs.
import type { Tensor } from "../../tensor/tensor.ts";
import { formatTable } from "../table.ts";
import { type DetectionRow, type Found, toRows } from "./detect.ts";
import { type Element, readElements } from "./elements.ts";
import type { Answer } from "./target.ts";

/** Values printed of an output unless all are asked for. */
const SHOWN_ELEMENTS = 8;
/** JSON carries whole outputs up to here. */
const JSON_ELEMENTS = 1000;

export interface Result {
	readonly answer: Answer;
	readonly durationMs: number;
	/** Null: the model is no detector, or there was no picture. */
	readonly found: Found | null;
}

interface OutputJson {
	readonly name: string;
	readonly datatype: string;
	readonly shape: readonly number[];
	/** Null: too many, ask with --full. */
	readonly data: readonly Element[] | null;
}

export interface ResultJson {
	readonly model: string;
	readonly version: string;
	readonly durationMs: number;
	readonly outputs: readonly OutputJson[];
	readonly detections: readonly DetectionRow[] | null;
}

export function renderJson(result: Result, full: boolean): ResultJson {
	const { answer, found } = result;
	return {
		model: answer.model,
		version: answer.version,
		durationMs: result.durationMs,
		outputs: answer.outputs.map((output) => ({
			name: output.name,
			datatype: output.dtype,
			shape: output.shape,
			data: elementsForJson(output, full),
		})),
		detections: found === null ? null : toRows(found),
	};
}

function elementsForJson(output: Tensor, full: boolean): Element[] | null {
	const limit = full ? Number.POSITIVE_INFINITY : JSON_ELEMENTS + 1;
	const elements = readElements(output.dtype, output.data, limit);
	return full || elements.length <= JSON_ELEMENTS ? elements : null;
}

export function renderText(result: Result, full: boolean): string {
	const { answer, durationMs, found } = result;
	const head = `${answer.model} version ${answer.version}, ${durationMs.toFixed(2)} ms`;
	const body =
		found === null ? outputTable(answer.outputs, full) : detectionTable(found);
	return `${head}\n\n${body}`;
}

function outputTable(outputs: readonly Tensor[], full: boolean): string {
	const limit = full ? Number.POSITIVE_INFINITY : SHOWN_ELEMENTS + 1;
	const rows = outputs.map(({ name, dtype, shape, data }) => {
		const elements = readElements(dtype, data, limit);
		const shown = full ? elements : elements.slice(0, SHOWN_ELEMENTS);
		const more = shown.length < elements.length ? ", …" : "";
		return [name, dtype, `[${shape}]`, shown.map(format).join(", ") + more];
	});
	return formatTable([["output", "type", "shape", "values"], ...rows]);
}

function detectionTable(found: Found): string {
	const rows = toRows(found).map(({ label, score, box }) => [
		label,
		score.toFixed(3),
		box.map((side) => side.toFixed(1)).join(", "),
	]);
	if (rows.length === 0)
		return "nothing found above the threshold; --threshold lowers it";
	return formatTable([["label", "score", "box x1, y1, x2, y2"], ...rows]);
}

function format(element: Element): string {
	if (typeof element !== "number" || Number.isInteger(element))
		return String(element);
	return element.toPrecision(6).replace(/\.?0+$/, "");
}
