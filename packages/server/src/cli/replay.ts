// `saccade replay`: plays a recording back in virtual time and tells whether every outcome is what it was, or feeds its
// readings to a running server at the pace at which they came.
import { type ReplayReport, replayFile } from "../app/replay.ts";
import { replayLive } from "./replay/live.ts";

export interface ReplayFlags {
	/** Absent: in virtual time, in this process. */
	readonly url?: string;
	readonly json?: boolean;
}

export async function replay(file: string, flags: ReplayFlags): Promise<void> {
	if (flags.url !== undefined) {
		const told = await replayLive(file, flags.url);
		console.log(
			flags.json === true
				? JSON.stringify(told)
				: `${told.readingCount} readings of ${told.streamCount} streams in ${told.seconds.toFixed(1)} s: ${outcomesOf(told.outcomes)}`,
		);
		return;
	}
	const report = await replayFile(file);
	console.log(flags.json === true ? JSON.stringify(report) : textOf(report));
	if (report.firstDifference !== null)
		throw new Error(
			`the replay differs from the recording: ${report.firstDifference}`,
		);
}

function outcomesOf(outcomes: Readonly<Record<string, number>>): string {
	return Object.entries(outcomes)
		.map(([name, count]) => `${count} ${name}`)
		.join(", ");
}

function textOf(report: ReplayReport): string {
	const lines = [
		`${report.identicalCount} of ${report.recordedCount} recorded outcomes are identical, byte for byte (${report.turnCount} turns, ${report.server})`,
	];
	if (!report.isWhole)
		lines.push(
			"The file is not whole: its writer was killed, and it was read up to its last chunk.",
		);
	if (report.droppedCount > 0)
		lines.push(
			`${report.droppedCount} messages are missing in it, so the replay need not agree.`,
		);
	if (report.partialStreams.length > 0)
		lines.push(
			`Open before the recording began, so that their replay need not agree: ${report.partialStreams.join(", ")}.`,
		);
	if (report.unmatchedCount > 0)
		lines.push(`${report.unmatchedCount} outcomes are on one side only.`);
	return lines.join("\n");
}
