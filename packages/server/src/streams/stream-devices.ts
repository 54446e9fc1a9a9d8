// The devices of one stream: those it named, or up to a number that it did not.
import type { Clock } from "../common/clock.ts";
import type { SensorDescription } from "../pipelines/pipeline.ts";
import type { QosProfile } from "../pipelines/qos-profile.ts";
import { Device } from "./device.ts";
import type { SensorRegistry } from "./sensor-registry.ts";
import type { ClockExchange, SensorEvent, StreamRequest } from "./stream.ts";

export interface StreamDevicesOptions {
	readonly request: StreamRequest;
	readonly sensors: SensorRegistry;
	readonly clock: Clock;
	/** Server's clock minus this machine's CLOCK_MONOTONIC. */
	readonly hostOffsetUs: number;
	/** Devices that a stream may have without naming them. */
	readonly maxDeviceCount: number;
	readonly onEvent: (event: SensorEvent) => void;
}

export class StreamDevices {
	readonly #options: StreamDevicesOptions;
	readonly #descriptions: ReadonlyMap<string, SensorDescription>;
	readonly #devices = new Map<string, Device>();

	constructor(options: StreamDevicesOptions, qos: QosProfile) {
		this.#options = options;
		this.#descriptions = new Map(
			options.request.sensors.map((sensor) => [sensor.deviceId, sensor]),
		);
		for (const deviceId of this.#descriptions.keys()) this.#add(deviceId, qos);
	}

	/** Those that the stream named. */
	get named(): readonly string[] {
		return [...this.#descriptions.keys()];
	}

	find(deviceId: string): Device | null {
		return this.#devices.get(deviceId) ?? null;
	}

	/** One that takes part from now on; null: it may not. */
	admit(deviceId: string, qos: QosProfile): Device | null {
		const isNamed = this.#descriptions.size > 0;
		const isFull = this.#devices.size >= this.#options.maxDeviceCount;
		return isNamed || isFull ? null : this.#add(deviceId, qos);
	}

	/** Why a device may not take part. */
	refusalOf(deviceId: string): string {
		const name = `'${deviceId.slice(0, 100)}'`;
		return this.#descriptions.size > 0
			? `${name} is none of the stream's devices: ${this.named.join(", ").slice(0, 500)}`
			: `${name} would be one device too many: a stream that names none has at most ${this.#options.maxDeviceCount}`;
	}

	/** A reading of `device` came; where liveliness is automatic, it speaks for the others. */
	seen(device: Device, nowUs: number, qos: QosProfile): void {
		device.sensor.seen(nowUs);
		if (
			qos.liveliness === "automatic" &&
			qos.livelinessLeaseUs !== Number.POSITIVE_INFINITY
		)
			for (const other of this.#devices.values())
				if (other !== device) other.sensor.alive(nowUs);
	}

	/** @param deviceId "": all of them */
	heartbeat(deviceId: string): void {
		const nowUs = this.#options.clock.nowUs();
		for (const { sensor } of this.#chosen(deviceId)) sensor.alive(nowUs);
	}

	/** @param deviceId "": all of them */
	clockExchange(deviceId: string, exchange: ClockExchange): void {
		for (const device of this.#chosen(deviceId))
			device.exchange(
				toUs(exchange.clientSendNs),
				exchange.serverReceiveUs,
				exchange.serverSendUs,
				toUs(exchange.clientReceiveNs),
			);
	}

	reconfigure(qos: QosProfile): void {
		for (const { sensor, periodUs } of this.#devices.values())
			this.#options.sensors.changeRhythm(sensor, periodUs, qos);
	}

	release(): void {
		const { sensors, onEvent } = this.#options;
		for (const { sensor } of this.#devices.values()) {
			sensor.unlisten(onEvent);
			sensors.release(sensor);
		}
	}

	#chosen(deviceId: string): Iterable<Device> {
		if (deviceId === "") return this.#devices.values();
		const device = this.#devices.get(deviceId);
		return device === undefined ? [] : [device];
	}

	#add(deviceId: string, qos: QosProfile): Device {
		const description = this.#descriptions.get(deviceId) ?? ANY_DEVICE;
		const { sensors, request, hostOffsetUs, onEvent } = this.#options;
		const sensor = sensors.use(deviceId, description.periodUs, qos);
		const device = new Device(
			sensor,
			description,
			request.clockDomain,
			hostOffsetUs,
		);
		sensor.listen(onEvent);
		this.#devices.set(deviceId, device);
		return device;
	}
}

const ANY_DEVICE = { frameId: "", periodUs: Number.POSITIVE_INFINITY };

/** Nanoseconds of any origin; a quarter of a microsecond is kept of today's wall clocks. */
export function toUs(ns: bigint): number {
	return Number(ns) / 1000;
}
