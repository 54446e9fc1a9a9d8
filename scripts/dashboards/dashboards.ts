// The dashboards of deploy/observability: which questions they answer, and with what.
import type { Dashboard, Panel, Query } from "./grafana.ts";

const RATE = "[$__rate_interval]";
const SOURCE = `{source=~"$source"}`;
const MODEL = `{model=~"$model"}`;

const rateBy = (by: string, series: string): string =>
	`sum by (${by}) (rate(${series}${RATE}))`;
const quantileBy = (share: number, by: string, series: string): string =>
	`histogram_quantile(${share}, sum by (${[by, "le"].filter(Boolean).join(", ")}) (rate(${series}${RATE})))`;
const one = (expr: string, legend: string): readonly Query[] => [
	{ expr, legend },
];
const panel = (
	title: string,
	unit: string,
	about: string,
	queries: readonly Query[],
	more: Pick<Panel, "draw" | "width"> = {},
): Panel => ({ title, unit, about, queries, ...more });

const OVERVIEW: Dashboard = {
	id: "overview",
	title: "Saccade / Overview",
	about: "Are answers in time, and if not, where to look next.",
	choices: [],
	rows: [
		{
			title: "The objective: 99.9 % of answers in time",
			panels: [
				panel(
					"Late, last 5 minutes",
					"percentunit",
					"Of frames and requests that wanted an answer in time: expired, refused for want of time, failed. The objective allows 0.1 %.",
					one("saccade:late:ratio_rate5m", "{{source}}{{model}}"),
				),
				panel(
					"How fast the error budget burns",
					"short",
					"1: the budget lasts exactly its 30 days. An alert pages from 14.4 on.",
					[
						{
							expr: "saccade:late:ratio_rate5m / 0.001",
							legend: "{{source}}{{model}} 5 min",
						},
						{
							expr: "saccade:late:ratio_rate1h / 0.001",
							legend: "{{source}}{{model}} 1 h",
						},
					],
				),
				panel(
					"Age of results, p99",
					"s",
					"From the sensor's timestamp to the outcome.",
					one("saccade:frame_age_seconds:p99_rate5m", "{{source}}"),
				),
			],
		},
		{
			title: "Load",
			panels: [
				panel(
					"Frames by outcome",
					"ops",
					"Each frame ends in exactly one.",
					one(
						rateBy("outcome", `saccade_outcomes_total{source!=""}`),
						"{{outcome}}",
					),
					{ draw: "stacked" },
				),
				panel(
					"Requests by outcome",
					"ops",
					"Each request for a model ends in exactly one; the models that frames run on are among them.",
					one(
						rateBy("outcome", `saccade_outcomes_total{model!=""}`),
						"{{outcome}}",
					),
					{ draw: "stacked" },
				),
				panel(
					"Device load",
					"percentunit",
					"What a device has least left of: time, memory, or room for another run.",
					one("saccade_device_load_ratio", "{{device}}"),
				),
			],
		},
		{
			title: "Process",
			panels: [
				panel(
					"Event loop late, p99",
					"s",
					"By how much a timer is late. Deadlines are kept by this loop: more than a few ms need a reason.",
					one("saccade:event_loop_delay_seconds:p99_rate5m", "{{instance}}"),
				),
				panel(
					"CPU of the process",
					"short",
					"Cores in use by all of its threads.",
					one(rateBy("mode", "saccade_process_cpu_seconds_total"), "{{mode}}"),
					{ draw: "stacked" },
				),
				panel("Resident memory", "bytes", "Of the process.", [
					{ expr: "saccade_resident_memory_bytes", legend: "{{instance}}" },
				]),
			],
		},
	],
};

const STREAMS: Dashboard = {
	id: "streams",
	title: "Saccade / Streams",
	about:
		"Sensor streams: what became of their frames, and what their budget was spent on.",
	choices: ["source"],
	rows: [
		{
			title: "Frames",
			panels: [
				panel(
					"Outcomes",
					"ops",
					"RESULT is an answer in time. SUPERSEDED: a newer frame took its place.",
					one(
						rateBy("source, outcome", `saccade_outcomes_total${SOURCE}`),
						"{{source}} {{outcome}}",
					),
					{ draw: "stacked" },
				),
				panel(
					"Why frames were dropped",
					"ops",
					"newer-frame: the pipeline is slower than the sensor. deadline-passed: the budget is too small for it. out-of-order, from-the-future: look at the sensor's clock.",
					one(
						rateBy("source, because", `saccade_dropped_frames_total${SOURCE}`),
						"{{source}} {{because}}",
					),
				),
				panel("Open streams", "short", "Of each pipeline.", [
					{ expr: `saccade_streams${SOURCE}`, legend: "{{source}}" },
				]),
			],
		},
		{
			title: "Age of information",
			panels: [
				panel(
					"Age now",
					"s",
					"How long ago that was measured which the newest decision rests on: the worst open stream.",
					one(`saccade_information_age_seconds${SOURCE}`, "{{source}}"),
				),
				panel(
					"Age at its worst",
					"s",
					"Just before a newer result came.",
					[0.5, 0.99].map((share) => ({
						expr: quantileBy(
							share,
							"source",
							`saccade_information_peak_age_seconds_bucket${SOURCE}`,
						),
						legend: `{{source}} p${share * 100}`,
					})),
				),
				panel(
					"Age of results",
					"s",
					"From the sensor's timestamp to the outcome.",
					[0.5, 0.99].map((share) => ({
						expr: quantileBy(
							share,
							"source",
							`saccade_frame_age_seconds_bucket${SOURCE}`,
						),
						legend: `{{source}} p${share * 100}`,
					})),
				),
			],
		},
		{
			title: "The latency budget",
			panels: [
				panel(
					"What the budget is spent on",
					"percentunit",
					"Mean share of the time to the deadline, by stage. 100 % is the deadline.",
					one(
						`sum by (source, stage) (saccade:frame_budget_ratio:mean_rate5m{source=~"$source",stage!="all"})`,
						"{{source}} {{stage}}",
					),
					{ draw: "stacked", width: 12 },
				),
				panel(
					"Stages, p99",
					"s",
					"receive: from the sensor to the server. queue: until it starts. Then the pipeline's own.",
					one(
						quantileBy(
							0.99,
							"source, stage",
							`saccade_frame_stage_duration_seconds_bucket${SOURCE}`,
						),
						"{{source}} {{stage}}",
					),
					{ width: 12 },
				),
			],
		},
		{
			title: "Recording",
			panels: [
				panel("Under way", "short", "1 while a recording is written.", [
					{ expr: "saccade_recording_active", legend: "{{instance}}" },
				]),
				panel("Size", "bytes", "Of the recording, or of the last.", [
					{ expr: "saccade_recording_bytes", legend: "{{instance}}" },
				]),
				panel(
					"Missing messages",
					"ops",
					"The disk was too slow for them.",
					one(
						rateBy("instance", "saccade_recording_dropped_messages_total"),
						"{{instance}}",
					),
				),
			],
		},
	],
};

const MODELS: Dashboard = {
	id: "models",
	title: "Saccade / Models",
	about: "Models: load, batches, latency by stage, and what swaps did.",
	choices: ["model"],
	rows: [
		{
			title: "Requests",
			panels: [
				panel(
					"Outcomes",
					"ops",
					"Requests by outcome.",
					one(
						rateBy("model, outcome", `saccade_outcomes_total${MODEL}`),
						"{{model}} {{outcome}}",
					),
					{ draw: "stacked" },
				),
				panel(
					"Why requests were refused",
					"ops",
					"cannot-finish: the deadline is nearer than the work. queue-full: more comes than the device can do.",
					one(
						rateBy("model, because", `saccade_refused_requests_total${MODEL}`),
						"{{model}} {{because}}",
					),
				),
				panel("Waiting", "short", "Requests in the queue.", [
					{
						expr: `nv_inference_pending_request_count${MODEL}`,
						legend: "{{model}} {{version}}",
					},
				]),
			],
		},
		{
			title: "Latency",
			panels: [
				panel(
					"Stages, p50",
					"s",
					"queue and request once a request; gather, run and split once a batch.",
					one(
						quantileBy(
							0.5,
							"model, stage",
							`saccade_stage_duration_seconds_bucket${MODEL}`,
						),
						"{{model}} {{stage}}",
					),
					{ width: 12 },
				),
				panel(
					"Stages, p99",
					"s",
					"queue and request once a request; gather, run and split once a batch.",
					one(
						quantileBy(
							0.99,
							"model, stage",
							`saccade_stage_duration_seconds_bucket${MODEL}`,
						),
						"{{model}} {{stage}}",
					),
					{ width: 12 },
				),
			],
		},
		{
			title: "Batches",
			panels: [
				panel(
					"Mean size",
					"short",
					"Rows of a batch.",
					one(
						`${rateBy("model", `saccade_batch_size_sum${MODEL}`)} / ${rateBy("model", `saccade_batch_size_count${MODEL}`)}`,
						"{{model}}",
					),
				),
				panel(
					"Why they were closed",
					"ops",
					"full is best for throughput, deadline says that the first request could not wait longer.",
					one(
						rateBy("model, closed_because", `saccade_batches_total${MODEL}`),
						"{{model}} {{closed_because}}",
					),
					{ draw: "stacked" },
				),
				panel(
					"Padding",
					"percentunit",
					"What shape buckets add, of what requests bring.",
					one(
						`${rateBy("model", `saccade_shape_bucket_elements_total{model=~"$model",part="padding"}`)} / ${rateBy("model", `saccade_shape_bucket_elements_total{model=~"$model",part="used"}`)}`,
						"{{model}}",
					),
				),
			],
		},
		{
			title: "Swaps",
			panels: [
				panel(
					"Last one failed",
					"short",
					"1: what was in service before still is; the log says why.",
					one(`saccade_swap_failed${MODEL}`, "{{model}}"),
					{ draw: "stat" },
				),
				panel(
					"Outcomes",
					"short",
					"Since the server started.",
					one(
						`sum by (model, outcome) (saccade_swaps_total${MODEL})`,
						"{{model}} {{outcome}}",
					),
				),
				panel(
					"Time of a load",
					"s",
					"Of what is in service now.",
					one(`nv_model_load_duration_secs${MODEL}`, "{{model}} {{version}}"),
				),
				panel(
					"Phases, mean",
					"s",
					"Of the loads and swaps since the server started.",
					one(
						"sum by (phase) (saccade_swap_phase_duration_seconds_sum) / sum by (phase) (saccade_swap_phase_duration_seconds_count)",
						"{{phase}}",
					),
					{ width: 12 },
				),
				panel(
					"Switch and drain, mean",
					"s",
					"switch: the new version takes the old one's place. drain: the old one's last request is answered.",
					[
						{
							expr: "sum(saccade_swap_switch_seconds_sum) / sum(saccade_swap_switch_seconds_count)",
							legend: "switch",
						},
						{
							expr: "sum(saccade_swap_drain_seconds_sum) / sum(saccade_swap_drain_seconds_count)",
							legend: "drain",
						},
					],
					{ width: 12 },
				),
			],
		},
	],
};

const MACHINE: Dashboard = {
	id: "machine",
	title: "Saccade / Devices and process",
	about: "What the work runs on: devices, GPUs, memory, the event loop.",
	choices: [],
	rows: [
		{
			title: "Devices",
			panels: [
				panel(
					"Busy",
					"percentunit",
					"Share of the time in which at least one run was under way.",
					one(
						rateBy("device", "saccade_device_busy_seconds_total"),
						"{{device}}",
					),
				),
				panel("Runs under way", "short", "Hung ones included.", [
					{ expr: "saccade_device_runs", legend: "{{device}}" },
				]),
				panel(
					"State",
					"short",
					"1 for the state that it is in.",
					one("saccade_device_state", "{{device}} {{state}}"),
				),
				panel(
					"Requests that moved to another device",
					"ops",
					"Because theirs was lost.",
					one(
						rateBy("because", "saccade_device_moved_requests_total"),
						"{{because}}",
					),
				),
				panel("Memory", "bytes", "In use, of devices with their own.", [
					{ expr: "saccade_device_memory_used_bytes", legend: "{{device}}" },
					{
						expr: "saccade_device_memory_total_bytes",
						legend: "{{device}} total",
					},
				]),
				panel(
					"Losses",
					"short",
					"Times that a device was taken out of use.",
					one("saccade_device_losses_total", "{{device}} {{because}}"),
				),
			],
		},
		{
			title: "GPUs",
			panels: [
				panel("Utilisation", "percentunit", "As the driver tells.", [
					{ expr: "nv_gpu_utilization", legend: "{{gpu_uuid}}" },
				]),
				panel("Memory", "bytes", "As the driver tells.", [
					{
						expr: "gpu_memory_used_bytes",
						legend: "{{device}} {{memory_type}}",
					},
				]),
				panel("Power", "watt", "And its limit.", [
					{ expr: "nv_gpu_power_usage", legend: "{{gpu_uuid}}" },
					{ expr: "nv_gpu_power_limit", legend: "{{gpu_uuid}} limit" },
				]),
				panel("Temperature", "celsius", "Of the chip.", [
					{ expr: "saccade_gpu_temperature_celsius", legend: "{{gpu_uuid}}" },
				]),
				panel("Clock", "hertz", "Of the streaming multiprocessors.", [
					{ expr: "saccade_gpu_clock_hertz", legend: "{{gpu_uuid}}" },
				]),
				panel("Held down", "short", "1 while the clocks are, by why.", [
					{ expr: "saccade_gpu_throttled", legend: "{{gpu_uuid}} {{because}}" },
				]),
			],
		},
		{
			title: "Event loop",
			panels: [
				panel(
					"Late",
					"s",
					"By how much a timer of 1 ms is late.",
					[0.5, 0.99].map((share) => ({
						expr: quantileBy(
							share,
							"instance",
							"saccade_event_loop_delay_seconds_bucket",
						),
						legend: `{{instance}} p${share * 100}`,
					})),
				),
				panel(
					"Busy",
					"percentunit",
					"Share of the time in which a new arrival waits for it.",
					one(
						rateBy("instance", "saccade_event_loop_active_seconds_total"),
						"{{instance}}",
					),
				),
				panel(
					"Held by garbage collection",
					"percentunit",
					"Share of the time.",
					one(rateBy("part", "saccade_gc_pause_seconds_sum"), "{{part}}"),
					{ draw: "stacked" },
				),
			],
		},
		{
			title: "Memory",
			panels: [
				panel(
					"JavaScript",
					"bytes",
					"The heap, and buffers outside of it.",
					one("sum by (part) (saccade_heap_memory_bytes)", "{{part}}"),
					{ draw: "stacked" },
				),
				panel("Request bodies", "bytes", "On loan, of what may be.", [
					{ expr: "saccade_body_bytes", legend: "{{instance}}" },
					{ expr: "saccade_body_limit_bytes", legend: "{{instance}} limit" },
				]),
				panel("Slots", "short", "On loan, and allocated since the start.", [
					{ expr: "saccade_slots", legend: "on loan" },
					{ expr: "saccade_slot_allocations_total", legend: "allocated" },
				]),
				panel(
					"Copies of a tensor byte",
					"short",
					"Between socket and device: 1 at batch size 1, at most 2 else.",
					one(
						`sum(rate(saccade_tensor_copied_bytes_total${RATE})) / sum(rate(saccade_tensor_served_bytes_total${RATE}))`,
						"copies",
					),
				),
				panel(
					"Fragmentation",
					"percentunit",
					"Of what the allocator keeps resident, the share that nobody uses.",
					one("saccade_memory_fragmentation_ratio", "{{device}}"),
				),
				panel("Memory of the machine", "bytes", "In use, and all.", [
					{ expr: "nv_cpu_memory_used_bytes", legend: "used" },
					{ expr: "nv_cpu_memory_total_bytes", legend: "total" },
				]),
				panel("Cores of the machine", "percentunit", "Busy share.", [
					{ expr: "nv_cpu_utilization", legend: "{{instance}}" },
				]),
			],
		},
	],
};

export const DASHBOARDS: readonly Dashboard[] = [
	OVERVIEW,
	STREAMS,
	MODELS,
	MACHINE,
];
