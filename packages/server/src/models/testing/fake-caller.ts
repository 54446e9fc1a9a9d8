// Who calls a model in tests: everything that it hears is in one log.
import type { Clock } from "../../common/clock.ts";
import { type EntryReply, ModelEntry } from "../entry.ts";
import { shapeKeyOf } from "../execution/shape-fit.ts";
import type { ModelVersion } from "../model-version.ts";

export interface FakeCall {
	readonly value?: number;
	readonly rows?: number;
	/** Numbers a row. @default 1 */
	readonly length?: number;
	readonly deadlineUs?: number;
	readonly priority?: number;
	readonly timeoutUs?: number;
}

/** @param isDynamic requests share a batch only with those of their shape */
export function makeFakeCaller(
	model: ModelVersion,
	clock: Clock,
	isDynamic = false,
) {
	const log: string[] = [];
	const released: string[] = [];
	const submit = (name: string, call: FakeCall = {}): ModelEntry => {
		const rows = call.rows ?? 1;
		const length = call.length ?? 1;
		const values = new Float32Array(rows * length).fill(call.value ?? 1);
		const shapes = [[rows, length]];
		const fitted = model.fit?.fit(shapes) ?? { shapes, padding: null };
		const reply: EntryReply = {
			completed: (_entry, outputs) =>
				log.push(
					`${name} = ${new Float32Array(outputs.data(0).slice().buffer).join(" ")}`,
				),
			failed: (_entry, { code }) => log.push(`${name}: ${code}`),
		};
		const entry = new ModelEntry(
			rows,
			{
				deadlineUs: call.deadlineUs ?? Number.POSITIVE_INFINITY,
				priority: call.priority ?? 0,
				timeoutUs: call.timeoutUs ?? 0,
				receivedUs: clock.nowUs(),
				lease: { release: () => released.push(name) },
			},
			isDynamic ? shapeKeyOf(fitted.shapes, true) : "",
			fitted.shapes,
			[new Uint8Array(values.buffer)],
			reply,
			fitted.padding,
		);
		model.submit(entry);
		return entry;
	};
	return { log, released, submit };
}
