// StreamTelemetry on a gRPC call: small messages are read where they arrived, larger ones land in a leased slot, where
// their payload stays until the frame has its outcome.
import {
	type CancelReason,
	type MessageSink,
	type ServerCall,
	Status,
} from "@saccade/grpc";
import type { Clock } from "../../common/clock.ts";
import { noMemory } from "../../endpoint/body-memory.ts";
import type { StreamEndpoint } from "../../endpoint/endpoint.ts";
import { serverExiting } from "../../endpoint/middleware.ts";
import { callerOf } from "../../endpoint/tracing.ts";
import type { SaccadeError } from "../../errors/saccade-error.ts";
import type { TraceContext } from "../../telemetry/tracing/trace-context.ts";
import type { ArrivingPlacement, SlotPool } from "../../tensor/slot-pool.ts";
import {
	type TelemetryMessage,
	type TelemetryPort,
	TelemetrySession,
} from "../../wire/telemetry-session.ts";
import { statusOf, trailersOf } from "./error-map.ts";

/** Up to this size a message is read where it arrived, when it is all there. */
const IN_PLACE_BYTES = 1024;

export interface TelemetryTools {
	readonly endpoint: StreamEndpoint;
	readonly pool: SlotPool;
	readonly clock: Clock;
	readonly draining: AbortSignal;
}

export class TelemetryCall implements MessageSink, TelemetryPort {
	readonly peer: string;
	readonly caller: TraceContext | null;
	readonly #call: ServerCall;
	readonly #tools: TelemetryTools;
	readonly #session: TelemetrySession;
	#inPlace: Uint8Array | null = null;
	#placement: ArrivingPlacement | null = null;
	#arrivedBytes = 0;

	constructor(call: ServerCall, tools: TelemetryTools) {
		this.peer = call.peer;
		this.caller = callerOf((name) => call.metadata.get(name));
		this.#call = call;
		this.#tools = tools;
		this.#session = new TelemetrySession(tools.endpoint, this, tools.clock);
		call.onCancel = () => {
			this.#leave();
			this.#session.cancel();
		};
		call.onDrain = () => {
			if (!call.cancelled) this.#session.drained();
		};
		tools.draining.addEventListener("abort", this.#onDraining);
	}

	begin(byteLength: number, first: Uint8Array): Uint8Array | null {
		if (byteLength <= IN_PLACE_BYTES && first.byteLength === byteLength) {
			this.#inPlace = first;
			return first;
		}
		this.#arrivedBytes = 0;
		this.#placement = this.#tools.pool.placeArriving(byteLength);
		if (this.#placement !== null) return this.#placement.bytes;
		this.#session.refuse(noMemory(this.#tools.pool));
		return null;
	}

	arriving(byteLength: number): boolean {
		this.#arrivedBytes += byteLength;
		const placement = this.#placement!;
		if (placement.arrived(this.#arrivedBytes)) return true;
		this.#placement = null;
		placement.lease.release();
		this.#session.refuse(noMemory(this.#tools.pool));
		return false;
	}

	end(): void {
		const inPlace = this.#inPlace;
		if (inPlace !== null) {
			this.#inPlace = null;
			this.#session.receive(inPlace, null);
			return;
		}
		const { bytes, lease, arrived } = this.#placement!;
		this.#placement = null;
		if (arrived(bytes.byteLength)) {
			this.#session.receive(bytes, lease);
			return;
		}
		lease.release();
		this.#session.refuse(noMemory(this.#tools.pool));
	}

	halfClose(): void {
		this.#session.close();
	}

	abort(_reason: CancelReason): void {
		this.#placement?.lease.release();
		this.#placement = null;
	}

	// ── what the session says ────────────────────────────────────────────────────────────────────────────

	send(message: TelemetryMessage): boolean {
		return this.#call.send(message);
	}

	finish(error: SaccadeError | null): void {
		this.#leave();
		if (error === null) this.#call.finish(Status.OK);
		else this.#call.finish(statusOf(error), error.message, trailersOf(error));
	}

	readonly #onDraining = (): void => this.#session.drain(serverExiting());

	#leave(): void {
		this.#tools.draining.removeEventListener("abort", this.#onDraining);
	}
}
