// Follows model repositories on disk and says which model to look at again. Events make it quick; looking now and then
// makes it certain, and is all there is where events do not work. A model is told when nothing about it has changed for
// the settle time, so that no copy is read half way; whether its content is new is for whoever reads it.
import type { Clock, Timer } from "../../common/clock.ts";
import type { Naming } from "../naming.ts";
import { DirectoryWatches } from "./directory-watches.ts";
import type { Inspector } from "./inspector.ts";
import type { RepositoryScan } from "./scan.ts";
import { nextStep, type Settling, stirred, touched } from "./settling.ts";

export interface RepositoryWatchOptions {
	readonly repositories: readonly string[];
	/** What a model is called. @default as its directory */
	readonly nameOf?: Naming["nameOf"];
	/** False: only by looking now and then. */
	readonly useEvents: boolean;
	/** Between two looks; 0: none without an event. */
	readonly pollUs: number;
	/** Without a change before a model is told. */
	readonly settleUs: number;
	readonly clock: Clock;
	readonly inspector: Pick<Inspector, "ask">;
	/** Signature of the model as it was read last; null: it was not. */
	readonly readSignature: (model: string) => string | null;
	/** Its files are not what was read last, and still. */
	readonly changed: (model: string, signature: string) => void;
	/** Its directory is gone. */
	readonly removed: (model: string) => void;
	readonly warn: (text: string) => void;
}

/** Events come in bursts: a look is taken so long after the first, and at most so often. */
const BURST_US = 5_000;
const SPACING_US = 50_000;
/** After a look that failed. */
const AGAIN_US = 1_000_000;
/** Where a model was. */
const GONE = "gone";

export class RepositoryWatch {
	readonly #options: RepositoryWatchOptions;
	readonly #watches: DirectoryWatches;
	readonly #settling = new Map<string, Settling>();
	/** Told as changed, so not to be told as gone before they were there. */
	#present = new Set<string>();
	/** Where each model was at the last look. */
	readonly #paths = new Map<string, readonly string[]>();
	readonly #warned = new Set<string>();
	#lookTimer: Timer | null = null;
	#settleTimer: Timer | null = null;
	#pollTimer: Timer | null = null;
	#looking: Promise<void> | null = null;
	#lookedUs = Number.NEGATIVE_INFINITY;
	/** Of the last event that no look has seen the outcome of; null: none. */
	#eventUs: number | null = null;
	#isClosed = false;

	constructor(options: RepositoryWatchOptions) {
		this.#options = options;
		this.#watches = new DirectoryWatches({
			changed: () => this.#event(),
			failed: (path, reason) =>
				options.warn(
					`${path} cannot be watched (${reason}): changes are seen ${this.#pollText()}`,
				),
		});
	}

	/** Resolves after the first look: what is there then and was read is not told. */
	async start(): Promise<void> {
		await this.#look();
		this.#poll();
	}

	async close(): Promise<void> {
		this.#isClosed = true;
		for (const timer of [this.#lookTimer, this.#settleTimer, this.#pollTimer])
			timer?.cancel();
		this.#watches.close();
		await this.#looking;
	}

	#event(): void {
		if (this.#isClosed) return;
		const { clock } = this.#options;
		const nowUs = clock.nowUs();
		this.#eventUs = nowUs;
		for (const [model, settling] of this.#settling)
			this.#settling.set(model, touched(settling, nowUs));
		this.#lookSoon();
	}

	#lookSoon(): void {
		const { clock } = this.#options;
		this.#lookTimer ??= clock.at(
			Math.max(clock.nowUs() + BURST_US, this.#lookedUs + SPACING_US),
			() => void this.#look(),
		);
	}

	#poll(): void {
		const { clock, pollUs } = this.#options;
		if (pollUs === 0 || this.#isClosed) return;
		this.#pollTimer = clock.at(clock.nowUs() + pollUs, () => {
			void this.#look().then(() => this.#poll());
		});
	}

	/** One at a time: an event meanwhile asks for another one. */
	#look(): Promise<void> {
		this.#lookTimer?.cancel();
		this.#lookTimer = null;
		this.#looking ??= this.#lookOnce().finally(() => {
			this.#looking = null;
			if (this.#eventUs !== null && !this.#isClosed) this.#lookSoon();
		});
		return this.#looking;
	}

	async #lookOnce(): Promise<void> {
		const { repositories, inspector, clock, useEvents, warn } = this.#options;
		const atUs = this.#eventUs ?? clock.nowUs();
		this.#eventUs = null;
		this.#lookedUs = clock.nowUs();
		let scans: readonly RepositoryScan[];
		try {
			scans = await Promise.all(
				repositories.map((path) => inspector.ask("repository", path)),
			);
		} catch (error) {
			if (this.#isClosed) return;
			warn(String(error));
			this.#settleTimer ??= clock.at(
				clock.nowUs() + AGAIN_US,
				() => void this.#look(),
			);
			return;
		}
		if (this.#isClosed) return;
		if (useEvents && this.#watch(scans)) this.#event();
		for (const scan of scans) this.#warnOf(scan);
		this.#compare(scans, atUs);
		this.#settle();
	}

	#watch(scans: readonly RepositoryScan[]): boolean {
		return this.#watches.set(
			scans.flatMap(({ directories, models }) => [
				...directories,
				...models.flatMap((model) => model.directories),
			]),
		);
	}

	#compare(scans: readonly RepositoryScan[], atUs: number): void {
		const { readSignature } = this.#options;
		const signatures = this.#signaturesOf(scans);
		for (const [model, signature] of signatures) {
			this.#present.add(model);
			const before = this.#settling.get(model) ?? null;
			if (before !== null || signature !== readSignature(model))
				this.#settling.set(model, stirred(before, signature, atUs));
		}
		// A repository that cannot be read says nothing about its models.
		if (scans.some(({ problem }) => problem !== null)) return;
		for (const model of this.#present) {
			if (signatures.has(model)) continue;
			const before = this.#settling.get(model) ?? null;
			this.#settling.set(model, stirred(before, GONE, atUs));
		}
	}

	/** What is settled is told; the rest is looked at when it may be. */
	#settle(): void {
		const { clock, settleUs } = this.#options;
		this.#settleTimer?.cancel();
		this.#settleTimer = null;
		let nextUs = Number.POSITIVE_INFINITY;
		for (const [model, settling] of this.#settling) {
			const step = nextStep(settling, clock.nowUs(), settleUs);
			switch (step.kind) {
				case "settled":
					this.#settled(model, settling);
					break;
				case "read-ahead":
					this.#settling.set(model, { ...settling, isReadAhead: true });
					this.#readAhead(model);
					nextUs = Math.min(nextUs, settling.sinceUs + settleUs);
					break;
				case "wait":
					nextUs = Math.min(nextUs, step.untilUs);
					break;
			}
		}
		if (nextUs === Number.POSITIVE_INFINITY) return;
		// Each time from the disk: an event may have been lost.
		this.#settleTimer = clock.at(nextUs, () => void this.#look());
	}

	#settled(model: string, { signature }: Settling): void {
		const { changed, removed, readSignature } = this.#options;
		this.#settling.delete(model);
		if (signature === GONE) {
			this.#present.delete(model);
			removed(model);
		} else if (signature !== readSignature(model)) changed(model, signature);
	}

	/** Hashes take their time: the thread remembers them. */
	#readAhead(model: string): void {
		const { inspector } = this.#options;
		for (const path of this.#paths.get(model) ?? [])
			inspector.ask("content", path).catch(() => {});
	}

	/** One a model, of all repositories that have it. */
	#signaturesOf(scans: readonly RepositoryScan[]): ReadonlyMap<string, string> {
		const { repositories, nameOf = ({ model }) => model } = this.#options;
		const signatures = new Map<string, string>();
		this.#paths.clear();
		for (const [index, repository] of repositories.entries())
			for (const scan of scans[index]?.models ?? []) {
				const name = nameOf({ repository, model: scan.name });
				signatures.set(name, `${signatures.get(name) ?? ""}${scan.signature}`);
				this.#paths.set(name, [...(this.#paths.get(name) ?? []), scan.path]);
			}
		return signatures;
	}

	#warnOf({ problem, isRemote }: RepositoryScan): void {
		const { repositories, useEvents } = this.#options;
		if (problem !== null) this.#warnOnce(problem);
		// When it can be read again, the next time that it cannot is news.
		else
			for (const each of [...this.#warned])
				if (each !== REMOTE) this.#warned.delete(each);
		if (!isRemote || !useEvents || this.#warned.has(REMOTE)) return;
		this.#warned.add(REMOTE);
		this.#options.warn(
			`a model repository (${repositories.join(", ")}) is on a file system that other machines write to: their changes are seen ${this.#pollText()}`,
		);
	}

	#warnOnce(text: string): void {
		if (this.#warned.has(text)) return;
		this.#warned.add(text);
		this.#options.warn(text);
	}

	#pollText(): string {
		const { pollUs } = this.#options;
		return pollUs === 0
			? "never, for --repository-poll-secs is 0"
			: `every ${pollUs / 1e6} s (--repository-poll-secs)`;
	}
}

const REMOTE = "remote";
