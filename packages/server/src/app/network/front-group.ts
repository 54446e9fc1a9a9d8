// The fronts of a server, as the core sees them: started together, on the same ports; one that ends by itself is
// replaced, and its requests count as left by their clients.
//
//   starting ──listening──▶ serving ──close──▶ closing ──▶ gone
//       ▲                      │ ends by itself
//       └──────────────────────┘
import type { Worker } from "node:worker_threads";
import { systemClock } from "../../common/clock.ts";
import { offsetToSharedUs } from "../../common/shared-clock.ts";
import type { ServerOptions } from "../../config/options.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { fromPlainError } from "../../errors/plain-error.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { SamplingChange } from "../../telemetry/tracing/model-sampling.ts";
import type { SharedByteBudget } from "../../tensor/byte-budget.ts";
import { copiedBytes } from "../../tensor/copied-bytes.ts";
import {
	EndpointHost,
	type FrontNews,
} from "../../transport/front/endpoint-host.ts";
import { createLinkMemory } from "../../transport/front/link.ts";
import type { FrontPorts } from "../../transport/front/messages.ts";
import { FrontCounts } from "./front-counts.ts";
import type { FrontData } from "./front-main.ts";
import type { NetworkAddresses, NetworkCounts } from "./network.ts";

export interface FrontGroupContext {
	readonly options: ServerOptions;
	readonly endpoints: Endpoints;
	readonly budget: SharedByteBudget;
	/** Of requests that are still to be traced; null: none is. */
	readonly traceCount: SharedArrayBuffer | null;
	readonly log: Logger;
}

const NOTHING_OPEN: NetworkCounts = {
	httpConnections: 0,
	grpcConnections: 0,
	bodyLeases: 0,
	slotAllocations: 0,
	slotIdleBytes: 0,
	landedBytes: 0,
	answeredBytes: 0,
	recopiedBytes: 0,
};

/** After its grace a front that does not end is ended. */
const LATE_MS = 1000;

export class FrontGroup {
	readonly #context: FrontGroupContext;
	readonly #fronts: Front[] = [];
	/** The newest of each model, and of the server (""). */
	readonly #sampling = new Map<string, SamplingChange>();
	#isDraining = false;

	constructor(context: FrontGroupContext) {
		this.#context = context;
	}

	/** Throws UNAVAILABLE with the reason. */
	async listen(): Promise<NetworkAddresses> {
		const { fronts, httpPort, grpcPort } = this.#context.options;
		// The first one finds the ports, where any will do.
		const first = this.#start(0);
		const addresses = await first.listen({ http: httpPort, grpc: grpcPort });
		const ports = {
			http: addresses.http?.port ?? 0,
			grpc: addresses.grpc?.port ?? 0,
		};
		first.ports = ports;
		for (let index = 1; index < fronts; index++)
			await this.#start(index).listen(ports);
		return addresses;
	}

	modelsChanged(): void {
		for (const front of this.#fronts) front.modelsChanged();
	}

	/** From now on, also in those that are started later. */
	sample(change: SamplingChange): void {
		this.#sampling.set(change.kind === "sample" ? "" : change.model, change);
		for (const front of this.#fronts) front.sample(change);
	}

	drain(): void {
		this.#isDraining = true;
		for (const front of this.#fronts) front.drain();
	}

	async close(graceMs: number): Promise<void> {
		this.#isDraining = true;
		await Promise.all(this.#fronts.map((front) => front.close(graceMs)));
	}

	counts(): NetworkCounts {
		// The core writes answers into records.
		const ours = { ...NOTHING_OPEN, answeredBytes: copiedBytes.answer };
		return this.#fronts.reduce((sum, { counts }) => counts.addTo(sum), ours);
	}

	#start(index: number): Front {
		const front = new Front(this.#context, (reason) =>
			this.#ended(index, reason),
		);
		for (const change of this.#sampling.values()) front.sample(change);
		this.#fronts[index] = front;
		return front;
	}

	#ended(index: number, reason: string): void {
		const { log } = this.#context;
		const { ports } = this.#fronts[index]!;
		log.error({ front: index }, `a network thread ended: ${reason}`);
		if (this.#isDraining || ports === null) return;
		this.#start(index)
			.listen(ports)
			.then(
				() => log.info({ front: index }, "network thread serves again"),
				(error: Error) => log.error({ front: index }, error.message),
			);
	}
}

type FrontState =
	| { readonly kind: "starting"; readonly settle: Settle | null }
	| { readonly kind: "serving" }
	| { readonly kind: "closing"; readonly done: () => void }
	| { readonly kind: "gone" };

interface Settle {
	readonly resolve: (addresses: NetworkAddresses) => void;
	readonly reject: (error: Error) => void;
}

class Front {
	readonly #worker: Worker;
	readonly #host: EndpointHost;
	readonly counts = new FrontCounts();
	readonly #onEnd: (reason: string) => void;
	#state: FrontState = { kind: "starting", settle: null };
	#failure = "";
	/** Where it listens. */
	ports: FrontPorts | null = null;

	/** @param onEnd it ended, and nobody asked it to */
	constructor(context: FrontGroupContext, onEnd: (reason: string) => void) {
		this.#onEnd = onEnd;
		const { Worker, MessageChannel } = process.getBuiltinModule(
			"node:worker_threads",
		);
		const { port1, port2 } = new MessageChannel();
		const memory = createLinkMemory();
		const isSource = import.meta.url.endsWith(".ts");
		const file = isSource ? "front-main.ts" : "front-main.js";
		const workerData: FrontData = {
			options: context.options,
			port: port2,
			memory,
			budget: context.budget.memory,
			clockOffsetUs: offsetToSharedUs(systemClock),
			traceCount: context.traceCount,
			counts: this.counts.memory,
		};
		this.#host = new EndpointHost(context.endpoints, port1, memory, (news) =>
			this.#heard(news),
		);
		this.#worker = new Worker(new URL(file, import.meta.url), {
			name: "front",
			workerData,
			transferList: [port2],
			// A launcher that resolves to sources does so in its own thread only.
			...(isSource && { execArgv: ["--conditions=source"] }),
		});
		this.#worker.on("error", (error) => {
			this.#failure = error.message;
		});
		this.#worker.on("exit", () => this.#exited());
	}

	listen(ports: FrontPorts): Promise<NetworkAddresses> {
		return new Promise((resolve, reject) => {
			this.#state = { kind: "starting", settle: { resolve, reject } };
			this.ports = ports;
			this.#host.tell({ kind: "listen", ports });
		});
	}

	modelsChanged(): void {
		this.#host.tell({ kind: "models-changed" });
	}

	sample(change: SamplingChange): void {
		this.#host.tell(change);
	}

	drain(): void {
		this.#host.tell({ kind: "drain" });
	}

	async close(graceMs: number): Promise<void> {
		if (this.#state.kind === "gone") return;
		await new Promise<void>((resolve) => {
			const late = setTimeout(
				() => void this.#worker.terminate(),
				graceMs + LATE_MS,
			);
			const done = () => {
				clearTimeout(late);
				resolve();
			};
			this.#state = { kind: "closing", done };
			this.#host.tell({ kind: "close", graceMs });
		});
	}

	#heard(news: FrontNews): void {
		if (news.kind === "closed") {
			// Its timers and threads end with it.
			void this.#worker.terminate();
			return;
		}
		const state = this.#state;
		if (state.kind !== "starting") return;
		if (news.kind === "listening") {
			this.#state = { kind: "serving" };
			state.settle?.resolve(news.addresses);
		} else state.settle?.reject(fromPlainError(news.error));
	}

	#exited(): void {
		const state = this.#state;
		this.#state = { kind: "gone" };
		this.counts.clear();
		this.#host.close();
		const reason = this.#failure || "no reason is known";
		if (state.kind === "closing") state.done();
		else if (state.kind === "starting")
			state.settle?.reject(
				new SaccadeError("INTERNAL", `a network thread ended: ${reason}`),
			);
		else if (state.kind === "serving") this.#onEnd(reason);
	}
}
