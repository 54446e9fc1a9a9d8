// StreamTelemetry on a WebSocket: each binary message is a SensorReading, each answer a ControlCommand, as on gRPC.
// A client that closes is gone: what it had under way ends as CANCELLED (RFC 6455 has no half-close).

import type { Clock } from "../../common/clock.ts";
import { noMemory } from "../../endpoint/body-memory.ts";
import type { StreamEndpoint } from "../../endpoint/endpoint.ts";
import { serverExiting } from "../../endpoint/middleware.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TraceContext } from "../../telemetry/tracing/trace-context.ts";
import type { SlotPool } from "../../tensor/slot-pool.ts";
import {
	type TelemetryMessage,
	type TelemetryPort,
	TelemetrySession,
} from "../../wire/telemetry-session.ts";
import { CLOSE, closeReason } from "../../wire/websocket/close-codes.ts";
import { Liveness } from "../../wire/websocket/liveness.ts";

/** What of `ws` is used. */
export interface BinarySocket {
	readonly bufferedAmount: number;
	send(bytes: Uint8Array, done: () => void): void;
	ping(): void;
	close(code: number, reason: string): void;
	terminate(): void;
}

export interface TelemetrySocketTools {
	readonly endpoint: StreamEndpoint;
	readonly pool: SlotPool;
	readonly clock: Clock;
}

/** Beyond it, what there is to say waits, and the newest of it is kept. */
const BACKED_UP_BYTES = 1024 * 1024;

export class TelemetrySocket implements TelemetryPort {
	readonly peer: string;
	readonly caller: TraceContext | null;
	readonly #socket: BinarySocket;
	readonly #tools: TelemetrySocketTools;
	readonly #session: TelemetrySession;
	#isBackedUp = false;
	#isOver = false;
	readonly #liveness: Liveness;

	constructor(
		socket: BinarySocket,
		client: Pick<TelemetryPort, "peer" | "caller">,
		tools: TelemetrySocketTools,
	) {
		this.peer = client.peer;
		this.caller = client.caller;
		this.#socket = socket;
		this.#tools = tools;
		this.#session = new TelemetrySession(tools.endpoint, this, tools.clock);
		this.#liveness = new Liveness(socket, tools.clock);
	}

	/** @param bytes are the socket's no more: a payload is viewed in them, and counts as a request's body meanwhile */
	received(bytes: Uint8Array, isBinary: boolean): void {
		if (!isBinary) {
			this.#session.refuse(NO_TEXT);
			return;
		}
		const { pool } = this.#tools;
		const { lease, take } = pool.reserve();
		if (take(bytes.byteLength)) {
			this.#session.receive(bytes, lease);
			return;
		}
		lease.release();
		this.#session.refuse(noMemory(pool));
	}

	ponged(): void {
		this.#liveness.ponged();
	}

	closed(): void {
		this.#isOver = true;
		this.#liveness.cancel();
		this.#session.cancel();
	}

	drain(): void {
		this.#session.drain(serverExiting());
	}

	terminate(): void {
		this.#socket.terminate();
	}

	// ── what the session says ────────────────────────────────────────────────────────────────────────────

	send(message: TelemetryMessage): boolean {
		const bytes = new Uint8Array(message.byteLength);
		message.writeTo(bytes, 0);
		this.#socket.send(bytes, this.#sent);
		this.#isBackedUp = this.#socket.bufferedAmount > BACKED_UP_BYTES;
		return !this.#isBackedUp;
	}

	finish(error: SaccadeError | null): void {
		this.#liveness.cancel();
		if (error === null) this.#socket.close(CLOSE.done, "");
		else this.#socket.close(...closeReason(error));
	}

	readonly #sent = (): void => {
		if (this.#isOver || !this.#isBackedUp) return;
		if (this.#socket.bufferedAmount > BACKED_UP_BYTES / 2) return;
		this.#isBackedUp = false;
		this.#session.drained();
	};
}

const NO_TEXT = new SaccadeError(
	"INVALID_ARGUMENT",
	"messages are binary: a saccade.v1.SensorReading each",
);
