// `saccade drive`: a simulated vehicle that streams its sensors to a running server and obeys it.
import { driveInRealTime } from "../demo/real-time-drive.ts";
import { positiveNumber, wholeSeed } from "./demo/flags.ts";
import { renderDrive } from "./demo/render.ts";

export interface DriveFlags {
	readonly url: string;
	readonly seed: string;
	readonly seconds?: string;
	/** False: `--no-camera`. */
	readonly camera: boolean;
	readonly rate: string;
	readonly json?: true;
}

const FAILED = 1;

/** Exit code 1 when a promise was not held. */
export async function drive(flags: DriveFlags): Promise<void> {
	const leave = new AbortController();
	for (const name of ["SIGINT", "SIGTERM"] as const)
		process.on(name, () => leave.abort());
	const report = await driveInRealTime({
		address: flags.url,
		seed: wholeSeed(flags.seed),
		seconds:
			flags.seconds === undefined
				? Number.POSITIVE_INFINITY
				: positiveNumber("--seconds", flags.seconds),
		hasCamera: flags.camera,
		rate: positiveNumber("--rate", flags.rate),
		signal: leave.signal,
	});
	console.log(
		flags.json === true ? JSON.stringify(report, null, 2) : renderDrive(report),
	);
	if (report.promises.some(({ held }) => !held)) process.exitCode = FAILED;
}
