// Where a version runs: its instances, and which of them take batches now. There is
//   one instance,
//   or one for each of several devices: a batch goes where it ends first (placement/earliest-finish),
//   or two of one device, which are layouts of its cores: one of them is in use (placement/layout-switch).
// A device that is not healthy takes none; and while runs are warmed, one alone takes them all.
import type { LogicalDevice } from "../../devices/device-manager.ts";
import type { BatchTimes } from "../../scheduling/cost/cost-model.ts";
import { EarliestFinish } from "../../scheduling/placement/earliest-finish.ts";
import { LayoutSwitch } from "../../scheduling/placement/layout-switch.ts";
import type { Placement } from "../../scheduling/placement/placement.ts";
import type { Scheduler } from "../../scheduling/scheduler.ts";
import type { ModelEntry } from "../entry.ts";
import type { Layout } from "../loading/layout.ts";
import type { ModelInstance } from "./model-instance.ts";

type DeviceFollower = Pick<
	Scheduler<ModelEntry>,
	"setDevice" | "setAvailable" | "wake"
>;

export class VersionDevices {
	/** At least one; a scheduler knows them by their positions. */
	readonly instances: readonly ModelInstance[];
	/** Of instances on several devices. */
	readonly earliestFinish: EarliestFinish<ModelEntry> | null;
	/** Of two instances on one device. */
	readonly layouts: LayoutSwitch<ModelEntry> | null;
	#follower: DeviceFollower | null = null;
	/** Position of the instance whose lanes alone are warmed; null: all serve. */
	#warmed: number | null = null;
	readonly #subscriptions: (() => void)[] = [];

	constructor(instances: readonly ModelInstance[]) {
		this.instances = instances;
		this.earliestFinish = this.hasSeveral ? this.#createFinish() : null;
		this.layouts = this.hasSeveral ? null : this.#createLayouts();
	}

	/** Devices, not instances. */
	get hasSeveral(): boolean {
		const [first, ...others] = this.instances;
		return others.some(({ device }) => device !== first?.device);
	}

	/** Which instance takes the next batch; null: there is but one. */
	get placement(): Placement<ModelEntry> | null {
		return this.earliestFinish ?? this.layouts;
	}

	/** What runs take, on the instance that is decided on. */
	get times(): BatchTimes {
		return this.earliestFinish ?? this.layouts ?? this.instances[0]!.cost;
	}

	/** Tells who schedules which instances take batches, now and whenever that changes. */
	follow(follower: DeviceFollower): void {
		this.#follower = follower;
		for (const { device } of this.instances)
			this.#subscriptions.push(device.health.onChange(() => this.#changed()));
		this.#changed();
	}

	/** Until the next call batches go to this instance alone. Null: to where they end first. */
	warmOnly(index: number | null): void {
		this.#warmed = index;
		this.#changed();
	}

	/** Positions of the instances that runs can be warmed on. */
	get healthy(): readonly number[] {
		return [...this.instances.keys()].filter(
			(index) => this.instances[index]!.device.health.isHealthy,
		);
	}

	/** Every run counts from now on, and each instance tells whether its device works. */
	beginService(): void {
		for (const instance of this.instances) {
			instance.endCalibration();
			this.#subscriptions.push(instance.device.health.addProbe(instance));
		}
	}

	/** A batch of so many rows ended, and so many wait. */
	batchEnded(rows: number, waitingRows: number, endUs: number): void {
		if (this.#warmed === null) this.layouts?.ended(rows, waitingRows, endUs);
	}

	/** In the order of the instances; empty: the version does not run there. */
	layoutsOn(device: LogicalDevice): Layout[] {
		return this.instances
			.filter((one) => one.device === device)
			.map(({ laneCount, threadCount }) => ({ laneCount, threadCount }));
	}

	/** What was not run here is believed to take what it takes on the same devices there. */
	inheritTimes(from: VersionDevices): void {
		for (const { device, threadCount, cost } of this.instances) {
			const old = from.instances.find(
				(one) => one.device === device && one.threadCount === threadCount,
			);
			if (old !== undefined) cost.inherit(old.cost);
		}
	}

	/** Neither follows devices nor probes them any more; resolves when no probe is under way. */
	async leave(): Promise<void> {
		this.#unsubscribe();
		await Promise.all(this.instances.map((instance) => instance.probesEnded()));
	}

	/** Nothing may run any more. */
	close(): void {
		this.#unsubscribe();
		for (const { session } of this.instances) session.close();
	}

	#unsubscribe(): void {
		for (const stop of this.#subscriptions) stop();
	}

	#changed(): void {
		let isAvailable = false;
		for (const [index, { device }] of this.instances.entries()) {
			const { health } = device;
			const isChosen =
				this.#warmed === null
					? (this.layouts?.isInUse(index) ?? true)
					: this.#warmed === index;
			this.#follower?.setDevice(index, health.isHealthy && isChosen);
			// While the first probe runs, what waits has a chance.
			if (health.state.kind !== "lost") isAvailable = true;
		}
		this.#follower?.setAvailable(isAvailable);
	}

	#createLayouts(): LayoutSwitch<ModelEntry> | null {
		const [first, second] = this.instances;
		return first === undefined || second === undefined
			? null
			: new LayoutSwitch([first.cost, second.cost], () => this.#changed());
	}

	#createFinish(): EarliestFinish<ModelEntry> {
		const { instances } = this;
		return new EarliestFinish({
			costs: instances.map(({ cost }) => cost),
			loadOf: (index) => instances[index]?.device.score() ?? 0,
			onStale: (index) => instances[index]?.run(() => this.#follower?.wake()),
		});
	}
}
