// All sensors that the server knows: registered by an operator, or named by a stream that is open.
import type { Clock } from "../common/clock.ts";
import { SaccadeError } from "../errors/saccade-error.ts";
import type { QosProfile } from "../pipelines/qos-profile.ts";
import { Sensor, type SensorRhythm, type SensorStatus } from "./sensor.ts";
import type { SensorEvent } from "./stream.ts";
import { TimerQueue } from "./timer-queue.ts";

/** Registered at once: some 500 bytes each. */
const MAX_REGISTERED_COUNT = 100_000;
/** Longer names are mistakes, and would be kept. */
const MAX_ID_LENGTH = 256;

export class SensorRegistry {
	readonly #clock: Clock;
	readonly #timers: TimerQueue;
	readonly #sensors = new Map<string, Sensor>();
	readonly #onEvent: (event: SensorEvent) => void;
	#registeredCount = 0;

	/** @param onEvent hears of the registered ones */
	constructor(clock: Clock, onEvent: (event: SensorEvent) => void = () => {}) {
		this.#clock = clock;
		this.#timers = new TimerQueue(clock);
		this.#onEvent = onEvent;
	}

	/**
	 * Watches a sensor from now on, whether or not a stream of its is open. Registering it again changes its rhythm.
	 * Throws INVALID_ARGUMENT, or UNAVAILABLE when there are too many.
	 */
	registerSensor(
		deviceId: string,
		periodUs: number,
		qos: QosProfile,
	): SensorStatus {
		assertDeviceId(deviceId);
		if (!(periodUs > 0))
			throw new SaccadeError(
				"INVALID_ARGUMENT",
				`the period of sensor '${deviceId}' must be > 0 ns, got ${periodUs * 1000}`,
			);
		const rhythm = rhythmOf(periodUs, qos);
		const nowUs = this.#clock.nowUs();
		const sensor = this.#sensors.get(deviceId);
		if (sensor?.isRegistered) {
			sensor.setRhythm(rhythm, nowUs);
			return sensor.status(nowUs);
		}
		if (this.#registeredCount >= MAX_REGISTERED_COUNT)
			throw new SaccadeError(
				"UNAVAILABLE",
				`${MAX_REGISTERED_COUNT} sensors are registered, which is the limit; unregister some`,
			);
		const known = sensor ?? this.#add(deviceId, rhythm, nowUs);
		if (sensor !== undefined) sensor.setRhythm(rhythm, nowUs);
		known.isRegistered = true;
		known.listen(this.#onEvent);
		this.#registeredCount++;
		return known.status(nowUs);
	}

	/** Throws NOT_FOUND. */
	unregisterSensor(deviceId: string): void {
		const sensor = this.#sensors.get(deviceId);
		if (!sensor?.isRegistered)
			throw new SaccadeError(
				"NOT_FOUND",
				`no sensor '${deviceId.slice(0, MAX_ID_LENGTH)}' is registered`,
			);
		sensor.isRegistered = false;
		sensor.unlisten(this.#onEvent);
		this.#registeredCount--;
		this.#forgetUnused(sensor);
	}

	/** For a stream: what is registered keeps its own rhythm. Give it back with `release`. */
	use(deviceId: string, periodUs: number, qos: QosProfile): Sensor {
		const sensor =
			this.#sensors.get(deviceId) ??
			this.#add(deviceId, rhythmOf(periodUs, qos), this.#clock.nowUs());
		sensor.useCount++;
		return sensor;
	}

	release(sensor: Sensor): void {
		sensor.useCount--;
		this.#forgetUnused(sensor);
	}

	/** Of a stream whose profile changed. */
	changeRhythm(sensor: Sensor, periodUs: number, qos: QosProfile): void {
		if (!sensor.isRegistered)
			sensor.setRhythm(rhythmOf(periodUs, qos), this.#clock.nowUs());
	}

	get size(): number {
		return this.#sensors.size;
	}

	statuses(): SensorStatus[] {
		const nowUs = this.#clock.nowUs();
		return [...this.#sensors.values()].map((sensor) => sensor.status(nowUs));
	}

	close(): void {
		for (const sensor of this.#sensors.values()) sensor.close();
		this.#sensors.clear();
		this.#timers.close();
	}

	#add(deviceId: string, rhythm: SensorRhythm, nowUs: number): Sensor {
		const sensor = new Sensor(deviceId, rhythm, this.#timers, nowUs);
		this.#sensors.set(deviceId, sensor);
		return sensor;
	}

	#forgetUnused(sensor: Sensor): void {
		if (sensor.isRegistered || sensor.useCount > 0) return;
		sensor.close();
		this.#sensors.delete(sensor.deviceId);
	}
}

function rhythmOf(periodUs: number, qos: QosProfile): SensorRhythm {
	const { deadlineUs, livelinessLeaseUs } = qos;
	return { periodUs, deadlineUs, livelinessLeaseUs };
}

function assertDeviceId(deviceId: string): void {
	if (deviceId.length > 0 && deviceId.length <= MAX_ID_LENGTH) return;
	throw new SaccadeError(
		"INVALID_ARGUMENT",
		`a device id has 1 to ${MAX_ID_LENGTH} characters, this one has ${deviceId.length}`,
	);
}
