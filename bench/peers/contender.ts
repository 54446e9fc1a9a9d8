// One server with one setting, up while its workload is measured. Who is not being measured is stopped (SIGSTOP), so
// that what polls while idle takes nothing from the others. A wrong answer, or its end, ends what is measured of it.

import { rmSync } from "node:fs";
import { CpuMeter } from "../lib/machine.ts";
import { proportionalMb, signalAll } from "../lib/process-tree.ts";
import { startServer } from "../lib/server-process.ts";
import { measureLoad } from "../load/measure.ts";
import type { LoadJob, LoadResult } from "../load/process.ts";
import { makeRepository } from "../serve/models.ts";
import type {
	Peer,
	PeerServer,
	PeerSettings,
	PeerWire,
	ServedModel,
} from "./peer.ts";
import { endWithBench, forget } from "./running.ts";
import { showSettings } from "./settings.ts";
import type { PeerWorkload } from "./workloads.ts";

/** `shipped` is ours: it is measured as it comes. */
export type Variant = "shipped" | "defaults" | "tuned";

export interface OverloadWindow {
	readonly offeredPerSecond: number;
	readonly goodputPerSecond: number;
	/** Above what the warm server had. */
	readonly growthMb: number;
}

export class Contender {
	readonly name: string;
	readonly variant: Variant;
	readonly settings: string;
	readonly wire: PeerWire;
	readonly staysAwake: boolean;
	readonly windows: LoadResult[] = [];
	readonly overload: OverloadWindow[] = [];
	idleMb: number | null = null;
	/** Why nothing more is measured; null while it is. */
	ended: string | null = null;
	server: PeerServer | null = null;

	constructor(
		about: Pick<Contender, "name" | "variant" | "settings" | "wire"> & {
			readonly staysAwake?: boolean | undefined;
		},
	) {
		this.name = about.name;
		this.variant = about.variant;
		this.settings = about.settings;
		this.wire = about.wire;
		this.staysAwake = about.staysAwake ?? false;
	}

	/** Runs `measure` while the server runs; what it throws ends the contender. */
	async attempt(measure: (server: PeerServer) => Promise<void>): Promise<void> {
		const { server } = this;
		if (server === null || this.ended !== null) return;
		signalAll(server.pids(), "SIGCONT");
		try {
			await measure(server);
		} catch (error) {
			this.ended = (error as Error).message.split("\n", 1)[0] ?? "";
			console.log(
				`${this.name}, ${this.variant}: ended, ${(error as Error).message}`,
			);
		}
		if (!this.staysAwake) signalAll(server.pids(), "SIGSTOP");
	}

	async start(start: () => Promise<PeerServer>): Promise<void> {
		try {
			this.server = await start();
			endWithBench(this.server);
		} catch (error) {
			this.ended = (error as Error).message.split("\n", 1)[0] ?? "";
			console.log(`${this.name}, ${this.variant}: ${(error as Error).message}`);
			return;
		}
		await this.attempt(async (server) => {
			await untilIdle(server);
			this.idleMb = proportionalMb(server.pids());
		});
	}

	async stop(): Promise<void> {
		if (this.server === null) return;
		signalAll(this.server.pids(), "SIGCONT");
		await this.server.stop();
		forget(this.server);
	}
}

export async function startOurs({ served }: PeerWorkload): Promise<Contender> {
	const contender = new Contender({
		name: "saccade",
		variant: "shipped",
		settings: "as shipped",
		wire: { kind: "grpc" },
	});
	await contender.start(async () => {
		const repository = makeRepository(served, { batching: true });
		const server = await startServer([repository]);
		return {
			port: server.grpcPort,
			readyMs: server.readyMs,
			pids: () => [server.pid],
			stop: async () => {
				await server.stop();
				rmSync(repository, { recursive: true, force: true });
			},
		};
	});
	return contender;
}

export async function startPeer(
	peer: Peer,
	served: ServedModel,
	settings: PeerSettings,
	variant: "defaults" | "tuned",
): Promise<Contender> {
	const contender = new Contender({
		name: peer.name,
		variant,
		settings: showSettings(settings),
		wire: peer.wire,
		staysAwake: peer.staysAwake,
	});
	const tuned = variant === "tuned";
	await contender.start(() => peer.start({ served, settings, tuned }));
	return contender;
}

/** One closed-loop window; throws when an answer is wrong. */
export function measureRate(
	server: PeerServer,
	wire: PeerWire,
	{ served }: PeerWorkload,
	plan: Pick<LoadJob, "expected" | "warmupSeconds" | "seconds">,
): Promise<LoadResult> {
	return measureLoad(server.pids(), {
		protocol: wire.kind,
		...(wire.kind === "http" && { route: wire.route }),
		host: "127.0.0.1",
		port: server.port,
		model: served.model,
		connections: served.connections,
		inFlight: served.inFlight,
		...plan,
	});
}

const IDLE_SAMPLE_MS = 100;
const IDLE_CORES = 0.15;
const IDLE_WITHIN_MS = 10_000;

/** Until it has worked off what it was given; what polls for ever is idle, too. */
export async function untilIdle(server: PeerServer): Promise<void> {
	const giveUp = performance.now() + IDLE_WITHIN_MS;
	while (performance.now() < giveUp) {
		const meter = new CpuMeter(...server.pids());
		await new Promise((resolve) => setTimeout(resolve, IDLE_SAMPLE_MS));
		const { userUs, systemUs } = meter.used();
		if (userUs + systemUs < IDLE_CORES * IDLE_SAMPLE_MS * 1000) return;
	}
}
