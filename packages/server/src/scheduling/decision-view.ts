// What the decisions of one scheduler are made of: one object, which is brought up to date before each of them.
import type { DeviceOutlook } from "./placement/device-outlook.ts";
import type { LaneForecast } from "./placement/lane-forecast.ts";
import type { SchedulerView } from "./policy.ts";
import type { EntryQueue } from "./queue/entry-queue.ts";
import type { Entry } from "./scheduler.ts";

export class DecisionView<E extends Entry> implements SchedulerView<E> {
	readonly queue: EntryQueue<E>;
	readonly lanes: LaneForecast;
	readonly device: DeviceOutlook;
	nowUs = 0;
	expectedRows = 0;
	marginUs = 0;
	isDraining = false;

	constructor(
		queue: EntryQueue<E>,
		lanes: LaneForecast,
		device: DeviceOutlook,
	) {
		this.queue = queue;
		this.lanes = lanes;
		this.device = device;
	}
}
