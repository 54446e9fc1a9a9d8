// Whether a stream can be served by a plan: its sensors, their rhythm and calibration, and how many frames run at once.
import type { StreamOpening } from "../pipeline.ts";
import type { Plan } from "./plan.ts";

/** What is wrong and what to do, or null. */
export function streamProblem(
	plan: Plan,
	opening: StreamOpening,
): string | null {
	const { sensors } = plan.definition;
	const given = opening.sensors;
	const names = sensors.map(({ name }) => name).join(", ");
	const problems: string[] = [];
	const isAny = given.length === 0 && sensors.length === 1;
	if (!isAny && given.length !== sensors.length && sensors.length > 1)
		problems.push(
			`the stream has ${given.length} sensors; name ${sensors.length}, in the order ${names}`,
		);
	for (const [at, sensor] of sensors.entries()) {
		const { name, maxPeriodUs, needsCalibration } = sensor;
		// With one sensor, every device of the stream is one.
		const devices = sensors.length === 1 ? given : given.slice(at, at + 1);
		if (needsCalibration && devices.length === 0)
			problems.push(
				`'${name}' needs a calibration; name the device and give it`,
			);
		for (const { deviceId, periodUs, calibration } of devices) {
			if (needsCalibration && calibration === null)
				problems.push(
					`'${name}' needs the calibration of '${deviceId}'; give it when the stream is opened`,
				);
			if (periodUs > maxPeriodUs)
				problems.push(
					`'${deviceId}' sends every ${periodUs / 1000} ms; '${name}' needs a frame every ${maxPeriodUs / 1000} ms`,
				);
		}
	}
	if (
		plan.branches.some(({ remembers }) => remembers) &&
		opening.qos.maxInFlightCount > 1
	)
		problems.push(
			`it remembers earlier frames, so one runs at a time; the stream asks for ${opening.qos.maxInFlightCount}`,
		);
	return problems.length === 0 ? null : problems.join("; ");
}
