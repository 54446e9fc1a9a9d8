// The topics of a console, from the services and the taps.
import type {
	ConsoleTopic,
	OptionEntry,
	ServerEntry,
} from "@saccade/protocol/console";
import type { Clock } from "../../common/clock.ts";
import type { LogicalDevice } from "../../devices/device-manager.ts";
import type { MetricsRegistry } from "../../telemetry/registry.ts";
import type { Services } from "../services.ts";
import type { ConsoleTaps } from "./console-taps.ts";
import { deviceEntries } from "./device-view.ts";
import { ConsoleFeed, type FeedTopic } from "./feed.ts";
import { ModelView } from "./model-view.ts";
import { type ProcessFacts, ProcessView } from "./process-view.ts";
import { requestEntries } from "./request-view.ts";
import { sensorEntries, streamEntries } from "./stream-views.ts";
import { swapEntries } from "./swap-view.ts";
import { type EntryLister, KeyedTopic } from "./topic.ts";

interface ConsoleFacts {
	readonly about: Omit<
		Extract<ServerEntry, { readonly kind: "about" }>,
		"kind" | "wallOffsetMs"
	>;
	readonly options: readonly OptionEntry[];
	readonly process: ProcessFacts;
}

export interface ConsoleSources {
	readonly clock: Clock;
	readonly services: Services;
	readonly taps: ConsoleTaps;
	readonly devices: readonly LogicalDevice[];
	readonly metrics: MetricsRegistry | null;
	readonly facts: ConsoleFacts;
}

export function createConsoleFeed(sources: ConsoleSources): ConsoleFeed {
	const { clock, services, taps, devices, facts } = sources;
	const processView = new ProcessView(facts.process);
	const models = new ModelView({ ...services, metrics: sources.metrics });
	const { pulse, drive, lanes } = taps;
	const wallOffsetMs = Math.round(Date.now() - clock.nowUs() / 1000);
	const server = (): ServerEntry[] => [
		{ kind: "about", ...facts.about, wallOffsetMs },
		processView.entry(),
		{
			kind: "console",
			clients: feed.clientCount,
			droppedTicks: feed.droppedTickCount,
		},
		...recordingOf(services),
		loggingOf(services),
	];
	const keyed = (
		list: EntryLister,
		everyTicks: number,
		watched?: (isWatched: boolean) => void,
	): FeedTopic => ({
		topic: new KeyedTopic(list),
		everyTicks,
		...(watched && { watched }),
	});
	const topics: Readonly<Record<ConsoleTopic, FeedTopic>> = {
		server: keyed(
			() => server().map((entry) => [entry.kind, entry] as const),
			10,
			(isWatched) => processView.watched(isWatched),
		),
		drive: keyed(
			() => drive.entries(clock.nowUs()),
			1,
			(isWatched) => {
				drive.isWatched = isWatched;
			},
		),
		streams: keyed(() => streamEntries(services.streams.streams()), 5),
		sensors: keyed(() => sensorEntries(services.streams.sensors()), 10),
		pipelines: keyed(() => pulse.pipelines(), 5),
		frames: keyed((isKnown) => pulse.bins(clock.nowUs(), isKnown), 5),
		models: keyed(() => models.entries(), 10),
		swaps: keyed(() => swapEntries(services.repository), 5),
		requests: keyed(() => requestEntries(services.traces), 10),
		devices: keyed(() => deviceEntries(devices, clock.nowUs()), 5),
		options: keyed(
			() => facts.options.map((option) => [option.flag, option] as const),
			50,
		),
		lanes: {
			topic: {
				advance: () => {
					lanes.flush(clock.nowUs());
					return lanes.spans.advance();
				},
				snapshot: () => lanes.spans.snapshot(),
			},
			everyTicks: 2,
			watched: (isWatched) => lanes.watched(isWatched),
		},
		decisions: { topic: pulse.decisions, everyTicks: 2 },
		logs: { topic: taps.logs, everyTicks: 5 },
	};
	const feed: ConsoleFeed = new ConsoleFeed({
		clock,
		topics,
		media: taps.media,
	});
	return feed;
}

/** The file's name alone: where it lies is nobody's business who has no admin token. */
function recordingOf({ recordings }: Services): ServerEntry[] {
	const info = recordings.status();
	if (info === null) return [];
	const { path, ...rest } = info;
	const file = path.slice(path.lastIndexOf("/") + 1);
	return [
		{ kind: "recording", ...rest, file, seconds: Math.round(info.seconds) },
	];
}

function loggingOf({ settings }: Services): ServerEntry {
	const logging = settings.logging();
	return {
		kind: "logging",
		verboseLevel: Number(logging.get("log_verbose_level") ?? 0),
		info: logging.get("log_info") === true,
	};
}
