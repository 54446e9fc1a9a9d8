// A front: a network thread that owns its connections from the socket to the decoded request, and back. It listens on
// the same ports as its siblings; what it reads goes to the core, which schedules for all of them.
import { type MessagePort, workerData } from "node:worker_threads";
import { shiftedClock, systemClock } from "../../common/clock.ts";
import { offsetToSharedUs } from "../../common/shared-clock.ts";
import type { ServerOptions } from "../../config/options.ts";
import { tracedByModel } from "../../endpoint/model-tracing.ts";
import { toPlainError } from "../../errors/plain-error.ts";
import { ModelSamplers } from "../../telemetry/tracing/model-sampling.ts";
import { TraceCount } from "../../telemetry/tracing/trace-count.ts";
import { SharedByteBudget } from "../../tensor/byte-budget.ts";
import { SlotPool } from "../../tensor/slot-pool.ts";
import { Link, type LinkMemory } from "../../transport/front/link.ts";
import type { ToCore, ToFront } from "../../transport/front/messages.ts";
import {
	RemoteCalls,
	remoteEndpoints,
} from "../../transport/front/remote-endpoints.ts";
import { RemoteInfer } from "../../transport/front/remote-infer.ts";
import { SharedMemory } from "../../transport/front/shared-memory.ts";
import { createTracing } from "../tracing/tracing.ts";
import { FrontCounts } from "./front-counts.ts";
import { Network } from "./network.ts";
import { createOpenPhase } from "./open-phase.ts";

export interface FrontData {
	readonly options: ServerOptions;
	readonly port: MessagePort;
	readonly memory: LinkMemory;
	/** The count behind the one budget of request bodies. */
	readonly budget: SharedArrayBuffer;
	/** The core's clock minus the one that all threads share: instants mean the same in all of them. */
	readonly clockOffsetUs: number;
	/** Of requests that are still to be traced; null: none is. */
	readonly traceCount: SharedArrayBuffer | null;
	/** Where it writes its counts, for the core to read. */
	readonly counts: SharedArrayBuffer;
}

/** People look at them, and tests that wait for zero. */
const COUNT_EVERY_MS = 100;

const data = workerData as FrontData;
const { options } = data;
const clock = shiftedClock(
	systemClock,
	data.clockOffsetUs - offsetToSharedUs(systemClock),
);
const draining = new AbortController();

const link: Link<ToFront, ToCore> = new Link(data.port, data.memory, "front", {
	record: (space, at) => infer.record(space, at),
	message: (message) => receive(message),
});
const memory = new SharedMemory((message) => link.post(message));
const tracing = createTracing(options, clock, new TraceCount(data.traceCount));
/** Of models with trace settings of their own. */
const samplers = new ModelSamplers();
const open = createOpenPhase(options, () => draining.signal.aborted, tracing);
const infer = new RemoteInfer(open, link, memory);
const calls = new RemoteCalls(link);
const budget = new SharedByteBudget(options.bodyBudgetBytes, data.budget);
const network = new Network(options, {
	endpoints: remoteEndpoints(open, tracedByModel(infer, samplers), calls),
	pool: new SlotPool(budget, memory),
	clock,
	draining: draining.signal,
});

const counts = new FrontCounts(data.counts);
const counting = setInterval(count, COUNT_EVERY_MS);

function count(): void {
	counts.write(network.counts());
}

function receive(message: ToFront): void {
	switch (message.kind) {
		case "listen":
			network.listen({ ...message.ports, shared: true }).then(
				(addresses) => link.post({ kind: "listening", addresses }),
				(error: unknown) =>
					link.post({ kind: "listen-failed", error: toPlainError(error) }),
			);
			return;
		case "drain":
			draining.abort();
			return;
		case "close":
			void network.close(message.graceMs).then(closed);
			return;
		case "sample":
			if (tracing !== null) tracing.sampler.ratio = message.ratio;
			return;
		case "sample-model":
			samplers.share(message.model, message.rule);
			return;
		case "response":
			infer.response(message);
			return;
		default:
			calls.message(message);
	}
}

function closed(): void {
	clearInterval(counting);
	count();
	link.post({ kind: "closed" });
	link.close();
}
