// The process that prepares one model and ends: optimising takes all of a core and several times the model's memory, of
// which nothing shall be left in the server, and a model that crashes the optimiser shall crash nobody else.
import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { createOnnxRuntime } from "../onnx-runtime.ts";
import { type Obtained, obtainEntry, type PrepareJob } from "./obtain-entry.ts";

export type FromPrepareProcess =
	| { readonly kind: "progress"; readonly text: string }
	| { readonly kind: "obtained"; readonly obtained: Obtained }
	| { readonly kind: "failed"; readonly text: string };

/** What serves goes first. */
const NICE = 10;
/** For the system when memory is short: this process before all others. */
const OOM_SCORE = "1000";

giveWay();
process.on("message", (job: PrepareJob) => void run(job));
// Whoever asked is gone.
process.on("disconnect", () => process.exit(1));

function giveWay(): void {
	try {
		setPriority(NICE);
		writeFileSync("/proc/self/oom_score_adj", OOM_SCORE);
	} catch {
		// Elsewhere than on Linux, or forbidden: it works all the same.
	}
}

async function run(job: PrepareJob): Promise<void> {
	const tell = (message: FromPrepareProcess) => process.send?.(message);
	try {
		const runtime = createOnnxRuntime({
			...(job.libraryPath !== null && { libraryPath: job.libraryPath }),
			poolThreads: 4,
			intraOpThreadCount: 1,
		});
		const obtained = await obtainEntry(job, runtime, (text) =>
			tell({ kind: "progress", text }),
		);
		tell({ kind: "obtained", obtained });
	} catch (error) {
		tell({
			kind: "failed",
			text: error instanceof Error ? error.message : String(error),
		});
	}
	process.disconnect();
}
