// What the server calls itself, how it schedules, and how it ends.
import {
	boolean,
	filledText,
	oneOf,
	wholeNumber,
} from "../../common/readers.ts";
import { count, option } from "./option.ts";

export const SERVER_OPTIONS = {
	serverName: option({
		flag: "id",
		read: filledText,
		default: "saccade",
		strictDefault: "triton",
		unit: "text",
		meaning: "Server name in the metadata.",
		reason:
			"Some Triton clients assert 'triton': set it, or use --strict-triton.",
	}),
	strictTriton: option({
		flag: "strict-triton",
		read: boolean,
		default: false,
		unit: "boolean",
		meaning:
			"Triton's exact oddities: its name, 500 for malformed JSON, all addresses, its scheduling.",
		reason: "Off: the mended behaviour is better for users.",
	}),
	schedulingPolicy: option<"deadline" | "triton">({
		flag: "scheduling-policy",
		read: oneOf("deadline", "triton"),
		default: "deadline",
		strictDefault: "triton",
		unit: "deadline | triton",
		meaning:
			"`deadline`: earliest deadline first, batches that close in time, early refusal of what cannot finish. `triton`: first come, first served, as Triton does.",
		reason:
			"Requests without a deadline are served alike by both; those with one are kept, or refused while it is still of use to know.",
	}),
	laneNice: option({
		flag: "lane-nice",
		read: wholeNumber({ max: 19 }),
		default: 5,
		unit: "nice value, 0 to 19",
		meaning:
			"Priority of the threads that run models, on Linux: higher values yield to the event loop and to other processes. Above 0 they also wait for a tick of the scheduler instead of interrupting others when they wake (SCHED_BATCH), and the threads that collect garbage beside the loop have 10 or more. 0: like everything else.",
		reason:
			"With every core busy the loop must not wait for time slices of models; 5 is enough for that, and still a quarter of a core beside one busy thread of priority 0.",
	}),
	exitTimeoutS: option({
		flag: "exit-timeout-secs",
		read: count,
		default: 30,
		unit: "s",
		meaning: "Time for requests under way after SIGTERM.",
		reason: "Triton's default.",
	}),
} as const;
