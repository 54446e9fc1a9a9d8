// Looks after connections once a second while there are any: stalls, keepalive, age.
import type { Connection } from "./http2/connection.ts";
import type { ResolvedOptions } from "./options.ts";

const EVERY_MS = 1000;

interface Watch {
	/** When the keepalive PING under way was sent; NaN when none is. */
	pingSentUs: number;
	drainingSinceUs: number;
	/** Share of the greatest age that this one reaches: those that came together shall not all go together. */
	readonly ageShare: number;
}

const AGE_JITTER = 0.1;

export class ConnectionKeeper {
	readonly #connections: ReadonlySet<Connection>;
	readonly #options: ResolvedOptions;
	readonly #watches = new WeakMap<Connection, Watch>();
	#timer: NodeJS.Timeout | null = null;

	constructor(connections: ReadonlySet<Connection>, options: ResolvedOptions) {
		this.#connections = connections;
		this.#options = options;
	}

	start(): void {
		if (this.#timer !== null) return;
		this.#timer = setInterval(() => this.check(), EVERY_MS);
		this.#timer.unref();
	}

	stop(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
		this.#timer = null;
	}

	/** One round; called by the keeper's own timer. */
	check(): void {
		const nowUs = this.#options.clock.nowUs();
		for (const connection of [...this.#connections]) {
			connection.checkTimeouts(nowUs);
			const watch = this.#watchOf(connection);
			this.#checkKeepalive(connection, watch, nowUs);
			this.#checkAge(connection, watch, nowUs);
		}
	}

	#watchOf(connection: Connection): Watch {
		let watch = this.#watches.get(connection);
		if (watch === undefined) {
			watch = {
				pingSentUs: Number.NaN,
				drainingSinceUs: Number.NaN,
				ageShare: 1 + AGE_JITTER * (2 * Math.random() - 1),
			};
			this.#watches.set(connection, watch);
		}
		return watch;
	}

	#checkKeepalive(connection: Connection, watch: Watch, nowUs: number): void {
		const { keepaliveTimeMs, keepaliveTimeoutMs } = this.#options;
		if (keepaliveTimeMs === 0 || connection.isClosed) return;
		if (Number.isNaN(watch.pingSentUs)) {
			if (nowUs - connection.lastActivityUs < keepaliveTimeMs * 1000) return;
			watch.pingSentUs = nowUs;
			connection.ping(() => {
				watch.pingSentUs = Number.NaN;
			});
		} else if (nowUs - watch.pingSentUs > keepaliveTimeoutMs * 1000) {
			connection.destroy();
		}
	}

	#checkAge(connection: Connection, watch: Watch, nowUs: number): void {
		const { maxConnectionAgeMs, maxConnectionAgeGraceMs } = this.#options;
		if (maxConnectionAgeMs === 0) return;
		if (Number.isNaN(watch.drainingSinceUs)) {
			const maxAgeUs = maxConnectionAgeMs * 1000 * watch.ageShare;
			if (nowUs - connection.startedUs < maxAgeUs) return;
			watch.drainingSinceUs = nowUs;
			connection.drain();
		} else if (
			maxConnectionAgeGraceMs > 0 &&
			nowUs - watch.drainingSinceUs > maxConnectionAgeGraceMs * 1000
		) {
			connection.destroy();
		}
	}
}
