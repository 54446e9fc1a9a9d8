// Why a batch was closed, in a sentence.
import type { ClosedBecause } from "../../scheduling/scheduler.ts";

export const CLOSED_TEXT: Readonly<Record<ClosedBecause, string>> = {
	unbatched: "the model is not batched",
	full: "it reached the largest size",
	"efficient-size": "more rows would not have been cheaper",
	"lane-share": "each lane got its share of what waited",
	"preferred-size": "it reached a preferred size",
	delay: "the longest queue delay was over",
	deadline: "a deadline would not have waited longer",
	"idle-device": "a device was free and nothing was worth waiting for",
	"returns-awaited": "those who were waited for came, or did not",
	"shape-change": "the next request has other shapes",
	drain: "the server takes nothing new",
};
