import type { DriveReport, KeptPromise } from "../../demo/drive-report.ts";
import type { VirtualReport } from "../../demo/virtual-drives.ts";
import { formatTable } from "../table.ts";

export function renderDrive(report: DriveReport): string {
	const { seconds, frames, latencyMs, outcomes, pausedMs, sensors } = report;
	if (frames === 0) return "The drive ended before there were frames to count.";
	const ended = Object.entries(outcomes).filter(([, count]) => count > 0);
	const rows = Object.entries(sensors).map(([name, sensor]) => [
		name,
		String(sensor.frames),
		sensor.inDeadline === null ? "-" : `${100 * sensor.inDeadline} %`,
		sensor.latencyMs === null
			? "-"
			: `${sensor.latencyMs.p50} / ${sensor.latencyMs.p99} ms`,
	]);
	return [
		`${frames} frames in ${seconds} s: ${ended.map(([name, count]) => `${count} ${name}`).join(", ")}`,
		...(latencyMs === null
			? []
			: [
					`sensor to decision: p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms, p99.9 ${latencyMs.p999} ms`,
				]),
		...(pausedMs === 0
			? []
			: [
					`the street stood still for ${pausedMs} ms: this machine did not draw it in time`,
				]),
		formatTable([["sensor", "frames", "in deadline", "p50 / p99"], ...rows]),
		...promiseLines(report.promises),
	].join("\n");
}

export function renderVirtual(report: VirtualReport): string {
	const { drives, leftOut, collisions, collisionsWithoutPerception } = report;
	return [
		`${drives} drives, ${leftOut} of them left out: nobody could avoid the collision`,
		`${collisions} collisions, ${collisionsWithoutPerception} without perception`,
		...promiseLines(report.promises),
	].join("\n");
}

function promiseLines(promises: readonly KeptPromise[]): string[] {
	return promises.map(
		({ name, target, value, held }) =>
			`${held ? "held" : "NOT held"}: ${name}: ${value} (${target})`,
	);
}
