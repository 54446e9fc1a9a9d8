// What preparing gains: the model as it is beside its optimised forms, loaded and run in the process that prepares it.
import { isSaccadeError, SaccadeError } from "../../../errors/saccade-error.ts";
import type { LoadOptions, ModelSource, Session } from "../../runtime.ts";
import type { OnnxRuntime } from "../onnx-runtime.ts";
import type { Measured, Measurement } from "./manifest.ts";
import { differenceOf, type Trial, triedRows, tryRuns } from "./trial-runs.ts";

/** Of one form at one batch size. */
const RUNS_BUDGET_MS = 150;
/** The first reads what the page cache does not have yet. */
const LOADS = { plain: 2, prepared: 3 } as const;
/** Kernels that add in another order differ by less; a model that was optimised wrongly by far more. */
const MAX_DIFFERENCE = 1e-2;

interface Form {
	readonly source: ModelSource;
	readonly options: LoadOptions;
}

export interface Forms {
	readonly plain: Form;
	readonly mapped: Form;
	readonly prepacked: Form;
}

/** Throws LOAD_FAILED when an optimised form does not answer as the model does. */
export async function measureForms(
	runtime: OnnxRuntime,
	forms: Forms,
): Promise<Measurement> {
	const opened: Session[] = [];
	const open = async ({ source, options }: Form, count: number) => {
		let best = Number.POSITIVE_INFINITY;
		for (let left = count; left > 0; left--) {
			const start = performance.now();
			const session = await runtime.load(source, options);
			best = Math.min(best, performance.now() - start);
			if (left > 1) session.close();
			else opened.push(session);
		}
		return best;
	};
	try {
		const plainMs = await open(forms.plain, LOADS.plain);
		const mappedMs = await open(forms.mapped, LOADS.prepared);
		const prepackedMs = await open(forms.prepacked, LOADS.prepared);
		const rows = triedRows(opened[0]?.inputs ?? []);
		const [plain, mapped, prepacked] = runAll(opened, rows);
		return {
			rows: plain === undefined ? [] : rows,
			plain: measured(plainMs, plain),
			mapped: measured(mappedMs, mapped),
			prepacked: measured(prepackedMs, prepacked),
		};
	} finally {
		for (const session of opened) session.close();
	}
}

/** Empty where the model does not run with inputs that are made up. */
function runAll(
	sessions: readonly Session[],
	rows: readonly number[],
): Trial[] {
	if (rows.length === 0) return [];
	let trials: Trial[];
	try {
		trials = tryRuns(sessions, rows, RUNS_BUDGET_MS * sessions.length);
	} catch (error) {
		if (isSaccadeError(error)) return [];
		throw error;
	}
	const [plain, ...prepared] = trials;
	for (const trial of prepared) {
		const difference = plain === undefined ? 0 : differenceOf(plain, trial);
		if (difference > MAX_DIFFERENCE)
			throw new SaccadeError(
				"LOAD_FAILED",
				`the optimised model does not answer as the model does: outputs differ by ${difference} of their largest value`,
			);
	}
	return trials;
}

function measured(loadMs: number, trial: Trial | undefined): Measured {
	return { loadMs, runMs: trial?.runMs ?? [] };
}
