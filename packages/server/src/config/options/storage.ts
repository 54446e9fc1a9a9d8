// What is kept, in memory and on disk, and how much of it.
import { boolean, oneOf, text } from "../../common/readers.ts";
import { count, MIB, option, positive } from "./option.ts";

export const STORAGE_OPTIONS = {
	bodyBudgetBytes: option({
		flag: "body-budget",
		read: count,
		default: 1024 * MIB,
		unit: "bytes",
		meaning: "Memory for the bodies of all requests under way.",
		reason:
			"Bounded, so that overload cannot take the machine; raise it for many large frames in flight.",
	}),
	stateDir: option({
		flag: "state-dir",
		read: text,
		default: "",
		unit: "directory",
		meaning:
			"What outlives the server: recordings, prepared models and the audit log. Empty: `saccade` in the user's state folder (`$XDG_STATE_HOME`, else `~/.local/state`).",
		reason: "Where the XDG specification has such files.",
	}),
	preparedModels: option<"on" | "read-only" | "off">({
		flag: "prepared-models",
		read: oneOf("on", "read-only", "off"),
		default: "on",
		unit: "on | read-only | off",
		meaning:
			"Load large models from a cache of optimised copies whose weights processes share, and make the copy on first sight. read-only: use what is there; off: load models as they are (docs/prepared-models.md).",
		reason:
			"A load from the cache takes a fraction of the time and of the memory.",
	}),
	preparedDir: option({
		flag: "prepared-dir",
		read: text,
		default: "",
		unit: "directory",
		meaning:
			"That cache. Servers of one machine may share it. Empty: `prepared` in the state directory.",
		reason: "Beside what else outlives the server.",
	}),
	preparedMaxBytes: option({
		flag: "prepared-max-size",
		read: positive,
		default: 8 * 1024 * MIB,
		unit: "bytes",
		meaning:
			"Size of that cache: copies that were used longest ago and are not open go first.",
		reason: "Some tens of models of a vehicle; a cache must not fill the disk.",
	}),
	record: option({
		flag: "record",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Record streams and scheduling from the start on, to `recordings/` of the state directory (docs/recording.md).",
		reason: "A recording costs disk: `saccade record` begins one at any time.",
	}),
	recordMaxBytes: option({
		flag: "record-max-size",
		read: positive,
		default: 8 * 1024 * MIB,
		unit: "bytes",
		meaning: "Size at which a recording ends by itself.",
		reason:
			"A forgotten recording must not fill the disk; an hour of a LiDAR and a compressed camera fits.",
	}),
} as const;
