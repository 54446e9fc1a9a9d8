// One run of a session beside its lanes: no queue, no batch, and nobody counts it. What a new version is compared by.
import type { Clock } from "../../common/clock.ts";
import type { Session } from "../../runtime/runtime.ts";
import type { RunOutput } from "./compare.ts";
import type { Sample } from "./reservoir.ts";

export interface DirectRun {
	/** By the session's order. They own their bytes. */
	readonly outputs: readonly RunOutput[];
	/** Of the run alone, in µs. */
	readonly runUs: number;
}

/** Rejects with the backend's SaccadeError. */
export async function runDirectly(
	session: Session,
	{ shapes, data }: Sample,
	clock: Clock,
): Promise<DirectRun> {
	const binding = session.bind({
		inputShapes: shapes,
		outputShapes: session.outputs.map(() => null),
	});
	try {
		for (const [index, bytes] of data.entries())
			if (bytes !== null) binding.setInput(index, bytes);
		const startUs = clock.nowUs();
		await new Promise<void>((resolve, reject) =>
			binding.run("offload", (error) =>
				error === null ? resolve() : reject(error),
			),
		);
		const runUs = clock.nowUs() - startUs;
		const outputs = session.outputs.map(({ dtype }, index) => {
			const { shape, data: bytes } = binding.output(index);
			return { dtype, shape: [...shape], data: new Uint8Array(bytes) };
		});
		return { outputs, runUs };
	} finally {
		binding.close();
	}
}
