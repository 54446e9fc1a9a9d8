// What Triton's index shows of one model's versions that are not in service, and why versions in service were not
// replaced. A version that has left stays in the index; one whose load failed does until the next load or unload.

export interface VersionRecord {
	readonly version: number;
	readonly state: "LOADING" | "UNLOADING" | "UNAVAILABLE";
	readonly reason: string;
}

const UNLOADED = "unloaded";

export class VersionIndex {
	readonly #records = new Map<number, VersionRecord>();
	/** Why the last load failed as a whole, though something serves; null: it did not. */
	#failure: string | null = null;

	get isEmpty(): boolean {
		return this.#records.size === 0;
	}

	get hasFailed(): boolean {
		return this.#failed().length > 0;
	}

	/** True when nothing is in it but what has left. */
	get isAllUnloaded(): boolean {
		return this.wanted === null;
	}

	/** The first that loads, leaves or failed; null: none does. */
	get wanted(): VersionRecord | null {
		for (const record of this.#records.values())
			if (record.reason !== UNLOADED) return record;
		return null;
	}

	/** Null: there is none, or it has left. */
	find(version: number): VersionRecord | null {
		const record = this.#records.get(version);
		return record === undefined || record.reason === UNLOADED ? null : record;
	}

	/** But for those that are in service. */
	others(serving: ReadonlySet<number>): VersionRecord[] {
		return [...this.#records.values()].filter(
			({ version }) => !serving.has(version),
		);
	}

	/** Why versions in service were not replaced, though that was tried. */
	alarmsOf(serving: ReadonlySet<number>): Map<number, string> {
		const alarms = new Map<number, string>();
		for (const { version, reason } of this.#failed())
			if (serving.has(version)) alarms.set(version, reason);
		const latest = [...serving].at(-1);
		if (this.#failure !== null && latest !== undefined)
			alarms.set(latest, this.#failure);
		return alarms;
	}

	/** For people: what is on disk and not in service because it failed. */
	alarms(model: string): string[] {
		const tell = (what: string, reason: string) =>
			`${what} is not in service as it is on disk: ${reason}`;
		const name = `model '${model}'`;
		return [
			...(this.#failure === null ? [] : [tell(name, this.#failure)]),
			...this.#failed().map(({ version, reason }) =>
				tell(`${name} version ${version}`, reason),
			),
		];
	}

	loading(version: number): void {
		this.#set({ version, state: "LOADING", reason: "" });
	}

	failed(version: number, reason: string): void {
		this.#set({ version, state: "UNAVAILABLE", reason });
	}

	/** It serves, or nobody has seen it. */
	delete(version: number): void {
		this.#records.delete(version);
	}

	/** Returns what to call when the version is gone. */
	leaving(version: number): () => void {
		const record = { version, state: "UNLOADING", reason: "" } as const;
		this.#set(record);
		return () => {
			// A version that was loaded again meanwhile has a state of its own.
			if (this.#records.get(version) === record) this.#unloaded(version);
		};
	}

	/** Whatever still loads does not any more. */
	stopLoading(reason: string): void {
		for (const { version, state } of this.#records.values())
			if (state === "LOADING") this.failed(version, reason);
	}

	/** A load failed as a whole, though something serves. Of versions that failed by themselves the records tell. */
	notReplaced(reason: string): void {
		if (this.#failure === null && !this.hasFailed) this.#failure = reason;
	}

	/** Earlier attempts are over. */
	forgetFailures(): void {
		this.#failure = null;
		for (const { version } of this.#failed()) this.#records.delete(version);
	}

	/** What failed is not wanted any more, and no reason to be unready. */
	dropFailures(): void {
		this.#failure = null;
		for (const { version } of this.#failed()) this.#unloaded(version);
	}

	#unloaded(version: number): void {
		this.failed(version, UNLOADED);
	}

	#failed(): VersionRecord[] {
		return [...this.#records.values()].filter(
			({ state, reason }) => state === "UNAVAILABLE" && reason !== UNLOADED,
		);
	}

	#set(record: VersionRecord): void {
		this.#records.set(record.version, record);
	}
}
