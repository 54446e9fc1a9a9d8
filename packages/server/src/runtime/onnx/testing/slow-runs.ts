// Runs of a real model that take long enough to see which threads compute them.
import { findFixture } from "../../../../../../scripts/fixtures/catalogue.ts";
import { MODEL_FILE } from "../../../../../../scripts/fixtures/fixture.ts";
import type { Binding, LoadOptions, Runtime, Session } from "../../runtime.ts";

export function load(
	runtime: Runtime,
	fixture: "slow" | "mlp",
	options: LoadOptions,
): Promise<Session> {
	const bytes = Buffer.from(findFixture(fixture).files()[MODEL_FILE] ?? "");
	return runtime.load({ kind: "bytes", bytes }, options);
}

/** Of one row, all of whose values are alike. */
export function bind(session: Session): Binding {
	const shape = session.inputs[0]!.shape.map((size) => Math.max(size, 1));
	const binding = session.bind({ inputShapes: [shape], outputShapes: [null] });
	new Float32Array(binding.inputs[0]!.buffer).fill(0.5);
	return binding;
}

/** @returns a copy of the first output */
export function run(
	binding: Binding,
	mode: "inline" | "offload" = "offload",
): Promise<Buffer> {
	return new Promise((resolve, reject) =>
		binding.run(mode, (error) => {
			if (error !== null) reject(error);
			else resolve(Buffer.from(binding.output(0).data));
		}),
	);
}
