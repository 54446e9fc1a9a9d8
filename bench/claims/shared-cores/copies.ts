// One model under several names in one server, and requests to all of them at once: models that want the same cores.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningServer, startServer } from "../../lib/server-process.ts";
import { Generator } from "../../load/goodput/generator.ts";
import { answersOf } from "../../load/goodput/servers.ts";
import type { GoodputWorkload } from "../../load/goodput/workloads.ts";
import { makeRepository, readConfig } from "../../serve/models.ts";
import { WORKLOADS } from "../../serve/workloads.ts";

export interface Lap {
	/** In time, of all models together. */
	readonly inTimePerSecond: number;
	readonly late: number;
	readonly cpuUsPerAnswer: number;
}

export interface LapOptions {
	/** To each model that is asked. */
	readonly ratePerSecond: number;
	readonly seconds: number;
	readonly seed: number;
	/** Of them, from the first. @default all */
	readonly askedCount?: number;
}

/** Queues are as long as they get after some deadlines of the same load. */
const LEAD_DEADLINES = 4;
const MAX_OUTSTANDING = 20_000;

export class Copies {
	readonly #workload: GoodputWorkload;
	readonly #names: readonly string[];
	readonly #generators: readonly Generator[];

	private constructor(
		workload: GoodputWorkload,
		names: readonly string[],
		generators: readonly Generator[],
	) {
		this.#workload = workload;
		this.#names = names;
		this.#generators = generators;
	}

	static async open(workload: GoodputWorkload, count: number): Promise<Copies> {
		const { model } = workload;
		const expected = await answersOf(workload);
		const names = Array.from({ length: count }, (_, i) => `${model.name}-${i}`);
		const generators = names.map(
			(name) => new Generator({ model: { ...model, name }, expected }),
		);
		return new Copies(workload, names, generators);
	}

	async close(): Promise<void> {
		for (const generator of this.#generators) await generator.close();
	}

	/** A server of all of them. @param edit each one's `config.pbtxt` */
	async start(
		edit: (config: string) => string,
		serverArguments: readonly string[],
	): Promise<RunningServer> {
		const repositories = this.#names.map((name) => this.#lay(name, edit));
		const clear = () => {
			for (const path of repositories)
				rmSync(path, { recursive: true, force: true });
		};
		try {
			const server = await startServer(repositories, serverArguments);
			return {
				...server,
				stop: () => {
					clear();
					return server.stop();
				},
			};
		} catch (error) {
			clear();
			throw error;
		}
	}

	async lap(server: RunningServer, options: LapOptions): Promise<Lap> {
		const { ratePerSecond, seconds, seed } = options;
		const { connections, deadlineMs } = this.#workload;
		const asked = this.#generators.slice(0, options.askedCount);
		const windows = await Promise.all(
			asked.map((generator, index) =>
				generator.measure(
					{ pids: [server.pid], port: server.grpcPort },
					{
						connections,
						ratePerSecond,
						seed: seed * this.#names.length + index + 1,
						deadlineMs,
						leadMs: LEAD_DEADLINES * deadlineMs,
						windowMs: seconds * 1000,
						maxOutstanding: MAX_OUTSTANDING,
					},
				),
			),
		);
		const sum = (read: (window: (typeof windows)[number]) => number) =>
			windows.reduce((total, window) => total + read(window), 0);
		const inTimePerSecond = sum((window) => window.goodputPerSecond);
		// All of them saw the same server in the same window.
		const cores = sum(({ serverCores }) => serverCores) / windows.length;
		return {
			inTimePerSecond,
			late: sum(({ outcomes }) => outcomes.late),
			cpuUsPerAnswer: (cores * 1e6) / Math.max(inTimePerSecond, 1),
		};
	}

	/** A repository of that one alone. */
	#lay(name: string, edit: (config: string) => string): string {
		const { model } = this.#workload;
		const served = WORKLOADS.find((one) => one.model === model);
		if (served === undefined) throw new Error(`${model.name} is not served`);
		const repository = makeRepository(served, { batching: true });
		renameSync(join(repository, model.name), join(repository, name));
		const file = join(repository, name, "config.pbtxt");
		const config = readConfig(file).replace(/^name:.*$/m, `name: "${name}"`);
		writeFileSync(file, edit(config));
		return repository;
	}
}
