// The console of this server: what it hears from the start on, and the feed that the first one to look starts.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { OptionEntry } from "@saccade/protocol/console";
import type { Clock } from "../common/clock.ts";
import {
	OPTIONS,
	type OptionName,
	type ServerOptions,
} from "../config/options.ts";
import type { LogicalDevice } from "../devices/device-manager.ts";
import { createConsoleFeed } from "../service/console/console-feed.ts";
import { ConsoleFiles } from "../service/console/console-files.ts";
import type { ConsoleService } from "../service/console/console-service.ts";
import type { ConsoleTaps } from "../service/console/console-taps.ts";
import type { ConsoleFeed, ConsoleListener } from "../service/console/feed.ts";
import type { Services } from "../service/services.ts";
import { INSTRUMENTS } from "../telemetry/instruments.ts";
import type { MetricsRegistry } from "../telemetry/registry.ts";
import type { NetworkCounts } from "./network/network.ts";
import { VERSION } from "./version.ts";

export interface ConsoleContext {
	readonly options: ServerOptions;
	readonly clock: Clock;
	readonly taps: ConsoleTaps;
	readonly cpuCount: number;
	readonly runtimeVersion: string;
	readonly devices: readonly LogicalDevice[];
	readonly metrics: MetricsRegistry | null;
	/** Of the server, once they are there. */
	readonly services: () => Services;
	readonly network: () => NetworkCounts;
	readonly bodyBytes: () => number;
}

export class Console implements ConsoleService {
	readonly #context: ConsoleContext;
	readonly #files = new ConsoleFiles(consoleFolder());
	readonly #startedMs: number;
	#feed: ConsoleFeed | null = null;

	constructor(context: ConsoleContext) {
		this.#context = context;
		this.#startedMs = context.clock.nowUs() / 1000;
		const { metrics } = context;
		metrics?.onCollect(() => {
			const value = (name: "consoleClients" | "consoleDroppedTicks") =>
				metrics.counter(INSTRUMENTS[name], []);
			value("consoleClients").value = this.#feed?.clientCount ?? 0;
			value("consoleDroppedTicks").value = this.#feed?.droppedTickCount ?? 0;
		});
	}

	file({ path, codings }: Parameters<ConsoleService["file"]>[0]) {
		return this.#files.find(path, codings);
	}

	follow(listener: ConsoleListener) {
		this.#feed ??= this.#createFeed();
		return this.#feed.add(listener);
	}

	close(): void {
		this.#feed?.close();
	}

	#createFeed(): ConsoleFeed {
		const { options, clock, services, taps, devices, metrics, ...rest } =
			this.#context;
		return createConsoleFeed({
			clock,
			services: services(),
			taps,
			devices,
			metrics,
			facts: {
				about: {
					name: options.serverName,
					version: VERSION,
					node: process.version,
					runtime: rest.runtimeVersion,
					startedMs: Math.round(this.#startedMs),
					hasAdminToken: options.adminTokenFile !== "",
					canLoad: options.modelControlMode === "explicit",
				},
				options: optionEntries(options),
				process: {
					cpuCount: rest.cpuCount,
					connections: () => {
						const { httpConnections, grpcConnections } = rest.network();
						return httpConnections + grpcConnections;
					},
					bodyBytes: rest.bodyBytes,
					bodyBudgetBytes: options.bodyBudgetBytes,
				},
			},
		});
	}
}

/** What was built, in a checkout and where it is installed. */
function consoleFolder(): string {
	const require = createRequire(import.meta.url);
	return join(
		dirname(require.resolve("@saccade/console/package.json")),
		"dist",
	);
}

/** These name files of the machine, which is nobody's business who has no admin token. */
const FILES: ReadonlySet<OptionName> = new Set<OptionName>([
	"modelRepositories",
	"pipelineDirectories",
	"adminTokenFile",
	"onnxLibrary",
	"stateDir",
]);

function optionEntries(options: ServerOptions): OptionEntry[] {
	return (Object.keys(OPTIONS) as OptionName[]).map((name) => {
		const { flag, unit, meaning, default: fallback } = OPTIONS[name];
		const value = options[name];
		const isDefault = JSON.stringify(value) === JSON.stringify(fallback);
		const text = [value].flat().join(", ");
		const shown = FILES.has(name) && text !== "" ? "(set)" : text;
		return { flag, value: shown, isDefault, unit, meaning };
	});
}
