// Every instrument, once: Triton's names where it has one, `saccade_*` in base units where it has none.
// `docs/metrics.md` comes from this table.

export interface Instrument {
	readonly name: string;
	readonly kind: "counter" | "gauge" | "histogram" | "summary";
	readonly labels: readonly string[];
	readonly help: string;
	/** Upper bounds of a histogram's buckets, ascending, in the instrument's unit. */
	readonly buckets?: readonly number[];
}

/** 10 µs to 10 s: a tiny model inline, up to a large one behind a queue. */
const SECONDS = [
	0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
	0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** Around 1 ms, which is the period of the timer that is late, up to a second. */
const DELAYS = [
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
	0.5, 1,
];
/** Shares of a budget; from 1 on it is spent. */
const SHARES = [
	0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.5, 2,
];
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const MODEL = ["model", "version"];

function instrument(
	name: string,
	kind: Instrument["kind"],
	labels: readonly string[],
	help: string,
	buckets?: readonly number[],
): Instrument {
	return buckets === undefined
		? { name, kind, labels, help }
		: { name, kind, labels, help, buckets };
}

export const INSTRUMENTS = {
	requestSuccess: instrument(
		"nv_inference_request_success",
		"counter",
		MODEL,
		"Requests answered.",
	),
	requestFailure: instrument(
		"nv_inference_request_failure",
		"counter",
		[...MODEL, "reason"],
		"Requests that failed, by reason: REJECTED, CANCELED, BACKEND, OTHER.",
	),
	inferenceCount: instrument(
		"nv_inference_count",
		"counter",
		MODEL,
		"Inferences, each row of a batch counted.",
	),
	executionCount: instrument(
		"nv_inference_exec_count",
		"counter",
		MODEL,
		"Model runs.",
	),
	requestDuration: instrument(
		"nv_inference_request_duration_us",
		"counter",
		MODEL,
		"Time of answered requests in the server, summed, in µs.",
	),
	queueDuration: instrument(
		"nv_inference_queue_duration_us",
		"counter",
		MODEL,
		"Time of answered requests in the queue, summed, in µs.",
	),
	computeInputDuration: instrument(
		"nv_inference_compute_input_duration_us",
		"counter",
		MODEL,
		"Time spent gathering inputs, summed over requests, in µs.",
	),
	computeInferDuration: instrument(
		"nv_inference_compute_infer_duration_us",
		"counter",
		MODEL,
		"Time spent running the model, summed over requests, in µs.",
	),
	computeOutputDuration: instrument(
		"nv_inference_compute_output_duration_us",
		"counter",
		MODEL,
		"Time spent splitting outputs, summed over requests, in µs.",
	),
	pendingRequests: instrument(
		"nv_inference_pending_request_count",
		"gauge",
		MODEL,
		"Requests that wait.",
	),
	loadDuration: instrument(
		"nv_model_load_duration_secs",
		"gauge",
		MODEL,
		"Time that loading took, in s.",
	),
	cpuUtilization: instrument(
		"nv_cpu_utilization",
		"gauge",
		[],
		"Busy share of the machine's cores since the last scrape, 0 to 1.",
	),
	cpuMemoryTotal: instrument(
		"nv_cpu_memory_total_bytes",
		"gauge",
		[],
		"Memory of the machine.",
	),
	cpuMemoryUsed: instrument(
		"nv_cpu_memory_used_bytes",
		"gauge",
		[],
		"Memory in use on the machine.",
	),
	stageDuration: instrument(
		"saccade_stage_duration_seconds",
		"histogram",
		[...MODEL, "stage"],
		"Time of a stage: queue and request once a request; gather, run and split once a batch.",
		SECONDS,
	),
	batchSize: instrument(
		"saccade_batch_size",
		"histogram",
		MODEL,
		"Rows of a batch.",
		ROWS,
	),
	paddedElements: instrument(
		"saccade_shape_bucket_elements_total",
		"counter",
		[...MODEL, "part"],
		"Elements of inputs with shape buckets that were run, by part: used (of requests), padding. padding / used is what the buckets waste.",
	),
	batches: instrument(
		"saccade_batches_total",
		"counter",
		[...MODEL, "closed_because"],
		"Batches, by why they were closed.",
	),
	outcomes: instrument(
		"saccade_outcomes_total",
		"counter",
		[...MODEL, "outcome"],
		"Requests by outcome: each ends in exactly one.",
	),
	frameOutcomes: instrument(
		"saccade_outcomes_total",
		"counter",
		["source", "outcome"],
		"Frames of sensor streams by pipeline (`source`) and outcome: each ends in exactly one.",
	),
	refused: instrument(
		"saccade_refused_requests_total",
		"counter",
		[...MODEL, "because"],
		"Requests that were refused or dropped before they ran, by why: queue-full, cannot-finish, expired, queue-timeout, cancelled, shutting-down, unavailable.",
	),
	frameDrops: instrument(
		"saccade_dropped_frames_total",
		"counter",
		["source", "because"],
		"Frames that ended without a result, by why: newer-frame, out-of-order, deadline-passed, queue-full and the other reasons of `FrameOutcome.reason`.",
	),
	frameAge: instrument(
		"saccade_frame_age_seconds",
		"histogram",
		["source"],
		"Age of a frame's result: from the sensor's timestamp to the outcome.",
		SECONDS,
	),
	frameStage: instrument(
		"saccade_frame_stage_duration_seconds",
		"histogram",
		["source", "stage"],
		"Where the time of frames went whose result is a decision or has outputs: receive (from the sensor's timestamp to its arrival), queue (until it starts), then the stages that the pipeline names.",
		SECONDS,
	),
	frameBudget: instrument(
		"saccade_frame_budget_ratio",
		"histogram",
		["source", "stage"],
		"Share of its budget, from the sensor's timestamp to the deadline, that a stage of such a frame took; stage `all`: from the timestamp to the outcome.",
		SHARES,
	),
	informationAge: instrument(
		"saccade_information_age_seconds",
		"gauge",
		["source"],
		"Age of information: how long ago that was measured which the newest decision or output rests on. Of several streams, the oldest; 0 without any.",
	),
	informationPeakAge: instrument(
		"saccade_information_peak_age_seconds",
		"histogram",
		["source"],
		"Age of information just before a newer result came: what the worst moments were like.",
		SECONDS,
	),
	openStreams: instrument(
		"saccade_streams",
		"gauge",
		["source"],
		"Open sensor streams.",
	),
	swaps: instrument(
		"saccade_swaps_total",
		"counter",
		["model", "outcome"],
		"Loads, swaps and unloads of models, by outcome: switched, unloaded, unchanged (what is on disk was in service already), failed. Names that no repository has count as `other`.",
	),
	swapFailed: instrument(
		"saccade_swap_failed",
		"gauge",
		["model"],
		"1 while the last load or swap of a model is one that failed: what was in service before still is.",
	),
	swapPhase: instrument(
		"saccade_swap_phase_duration_seconds",
		"histogram",
		["phase"],
		"Time of the phases of loads and swaps: waiting, preparing, loading, validating, warming, shadowing, canary, switching.",
		SECONDS,
	),
	swapSwitch: instrument(
		"saccade_swap_switch_seconds",
		"histogram",
		[],
		"Time in which a new version takes the place of the old one.",
		SECONDS,
	),
	swapDrain: instrument(
		"saccade_swap_drain_seconds",
		"histogram",
		[],
		"Time from the switch until the old version's last request was answered and its memory released.",
		SECONDS,
	),
	recordingActive: instrument(
		"saccade_recording_active",
		"gauge",
		[],
		"1 while a recording is written.",
	),
	recordingBytes: instrument(
		"saccade_recording_bytes",
		"gauge",
		[],
		"Size of the recording that is written, or of the last.",
	),
	recordingDropped: instrument(
		"saccade_recording_dropped_messages_total",
		"counter",
		[],
		"Messages that are missing in recordings, because the disk was too slow.",
	),
	recordingFailures: instrument(
		"saccade_recording_failures_total",
		"counter",
		[],
		"Recordings that ended by themselves: the disk, or their limit.",
	),
	modelMemory: instrument(
		"saccade_model_memory_bytes",
		"gauge",
		["device"],
		"Memory that loaded models take of --model-memory-budget, as measured when they were loaded, and what is kept for those that load.",
	),
	auditEvents: instrument(
		"saccade_audit_events_total",
		"counter",
		[],
		"Events written to the audit log.",
	),
	auditWaiting: instrument(
		"saccade_audit_waiting_events",
		"gauge",
		[],
		"Events that wait for the audit log; above 0 for long: the disk does not take them.",
	),
	auditLost: instrument(
		"saccade_audit_lost_events_total",
		"counter",
		[],
		"Events that are missing in the audit log, because the disk did not take them for too long.",
	),
	auditFailures: instrument(
		"saccade_audit_write_failures_total",
		"counter",
		[],
		"Attempts to write the audit log that failed.",
	),
	auditTampered: instrument(
		"saccade_audit_tampered_total",
		"counter",
		[],
		"Times that the audit log was found changed by somebody else.",
	),
	foxgloveViewers: instrument(
		"saccade_foxglove_viewers",
		"gauge",
		[],
		"Foxglove viewers that are connected.",
	),
	foxgloveLost: instrument(
		"saccade_foxglove_lost_messages_total",
		"counter",
		[],
		"Messages that Foxglove viewers lost, because they read more slowly than they came.",
	),
	eventLoopDelay: instrument(
		"saccade_event_loop_delay_seconds",
		"histogram",
		[],
		"Delay of the event loop, from the first scrape on: by how much a timer of 1 ms came late, a thousand times a second.",
		DELAYS,
	),
	eventLoopActive: instrument(
		"saccade_event_loop_active_seconds_total",
		"counter",
		[],
		"Time in which the event loop had work: its rate is the share in which a new arrival waits for it.",
	),
	telemetryExported: instrument(
		"saccade_telemetry_exported_total",
		"counter",
		["signal"],
		"Records (traces), points (metrics) and lines (logs) that a collector took over OTLP.",
	),
	telemetryDropped: instrument(
		"saccade_telemetry_dropped_total",
		"counter",
		["signal", "because"],
		"Those that it never got, by why: buffer-full, export-failed; of traces also too-many, slow and missed ones that were not recorded because of how many there were.",
	),
	llmRequests: instrument(
		"llm_request_total",
		"counter",
		["model"],
		"Requests to models that declare themselves generative (`saccade.generative`), whatever became of them. The label `job` is the scraper's, or OTLP's `service.name`.",
	),
	llmThroughput: instrument(
		"llm_token_throughput",
		"gauge",
		["stage", "device"],
		"Tokens a second of generative models over the last 10 s, by stage: prefill (of prompts), decode (generated).",
	),
	llmDuration: instrument(
		"llm_inference_duration_seconds",
		"histogram",
		["model"],
		"Time of answered requests to generative models.",
		SECONDS,
	),
	tensorCopiedBytes: instrument(
		"saccade_tensor_copied_bytes_total",
		"counter",
		["step"],
		"Tensor bytes copied in memory between socket and device, by step: land in a slot, gather into a batch, unpad (shape buckets), answer, window (once more because the client's HTTP/2 window was closed).",
	),
	tensorServedBytes: instrument(
		"saccade_tensor_served_bytes_total",
		"counter",
		[],
		"Tensor bytes of answered requests, inputs and outputs: what the copied bytes are compared with.",
	),
	bodyBytes: instrument(
		"saccade_body_bytes",
		"gauge",
		[],
		"Memory on loan to request bodies.",
	),
	bodyLimitBytes: instrument(
		"saccade_body_limit_bytes",
		"gauge",
		[],
		"Memory that may be on loan to request bodies.",
	),
	slots: instrument(
		"saccade_slots",
		"gauge",
		[],
		"Slots of memory on loan to request bodies; small bodies share one.",
	),
	slotAllocations: instrument(
		"saccade_slot_allocations_total",
		"counter",
		[],
		"Slots that were allocated because none was idle: constant under a steady load.",
	),
	slotIdleBytes: instrument(
		"saccade_slot_idle_bytes",
		"gauge",
		[],
		"Memory of slots that wait to be used again.",
	),
	residentBytes: instrument(
		"saccade_resident_memory_bytes",
		"gauge",
		[],
		"Resident memory of the process.",
	),
	heapBytes: instrument(
		"saccade_heap_memory_bytes",
		"gauge",
		["part"],
		"Memory of JavaScript on the main thread, by part: used and free (the heap), buffers (outside of it).",
	),
	processCpu: instrument(
		"saccade_process_cpu_seconds_total",
		"counter",
		["mode"],
		"CPU time of all threads of the process, by mode: user, system.",
	),
	garbageCollection: instrument(
		"saccade_gc_pause_seconds",
		"histogram",
		["part"],
		"Pauses of the event loop for garbage collection, from the first scrape on, by part: minor, major, incremental, weak-callbacks.",
		SECONDS,
	),
	overflow: instrument(
		"saccade_metrics_overflow_total",
		"counter",
		[],
		"Times that a series was asked for beyond the 20,000 that one name may have; such series are counted as one, whose labels say `other`.",
	),
	connections: instrument(
		"saccade_grpc_connections",
		"gauge",
		[],
		"Open gRPC connections.",
	),
	deviceState: instrument(
		"saccade_device_state",
		"gauge",
		["device", "state"],
		"1 for the state that a device is in: healthy, probing (a small run tells whether it works), lost (waits for the next probe).",
	),
	deviceLosses: instrument(
		"saccade_device_losses_total",
		"counter",
		["device", "because"],
		"Times that a device was taken out of use, by why: failed, hung.",
	),
	deviceBusy: instrument(
		"saccade_device_busy_seconds_total",
		"counter",
		["device"],
		"Time in which at least one run was under way on the device.",
	),
	deviceRunning: instrument(
		"saccade_device_runs",
		"gauge",
		["device"],
		"Runs under way, hung ones included.",
	),
	deviceLoad: instrument(
		"saccade_device_load_ratio",
		"gauge",
		["device"],
		"What the device has least left of, in the last second: time, memory, or room for another run. 0 to 1.",
	),
	deviceMemoryTotal: instrument(
		"saccade_device_memory_total_bytes",
		"gauge",
		["device"],
		"Memory of the device.",
	),
	deviceMemoryUsed: instrument(
		"saccade_device_memory_used_bytes",
		"gauge",
		["device"],
		"Memory in use on the device.",
	),
	fragmentation: instrument(
		"saccade_memory_fragmentation_ratio",
		"gauge",
		["device"],
		"Of a CPU device: share of the memory which the C library's allocator keeps resident that nobody uses, 0 to 1, as of the scrape before. CPU devices share the process' memory. On Linux with glibc 2.33 or newer.",
	),
	movedRequests: instrument(
		"saccade_device_moved_requests_total",
		"counter",
		[...MODEL, "because"],
		"Requests whose run was lost with its device and that went back to the queue, by why: failed, hung.",
	),
	consoleClients: instrument(
		"saccade_console_clients",
		"gauge",
		[],
		"Consoles that are open.",
	),
	consoleDroppedTicks: instrument(
		"saccade_console_dropped_ticks_total",
		"counter",
		[],
		"Updates that a console was not told, because it was not through with those before.",
	),
	gpuUtilization: instrument(
		"nv_gpu_utilization",
		"gauge",
		["gpu_uuid"],
		"Busy share of the GPU, 0 to 1.",
	),
	gpuMemoryTotal: instrument(
		"nv_gpu_memory_total_bytes",
		"gauge",
		["gpu_uuid"],
		"Memory of the GPU.",
	),
	gpuMemoryUsed: instrument(
		"nv_gpu_memory_used_bytes",
		"gauge",
		["gpu_uuid"],
		"Memory in use on the GPU.",
	),
	gpuMemoryUsedByType: instrument(
		"gpu_memory_used_bytes",
		"gauge",
		["device", "memory_type"],
		"Memory in use on a GPU, whoever uses it, by type as nvidia-smi tells them: framebuffer (its own memory), bar1 (the part of it that is mapped for the host).",
	),
	gpuPowerUsage: instrument(
		"nv_gpu_power_usage",
		"gauge",
		["gpu_uuid"],
		"Power of the GPU, in W.",
	),
	gpuPowerLimit: instrument(
		"nv_gpu_power_limit",
		"gauge",
		["gpu_uuid"],
		"Power limit of the GPU, in W.",
	),
	gpuEnergy: instrument(
		"nv_energy_consumption",
		"counter",
		["gpu_uuid"],
		"Energy of the GPU since its driver was loaded, in J.",
	),
	gpuTemperature: instrument(
		"saccade_gpu_temperature_celsius",
		"gauge",
		["gpu_uuid"],
		"Temperature of the GPU.",
	),
	gpuClock: instrument(
		"saccade_gpu_clock_hertz",
		"gauge",
		["gpu_uuid"],
		"Clock of the GPU's streaming multiprocessors.",
	),
	gpuThrottled: instrument(
		"saccade_gpu_throttled",
		"gauge",
		["gpu_uuid", "because"],
		"1 while the GPU's clocks are held down, by why: power-cap, thermal, hardware (slowdown, its own thermal limit, power brake).",
	),
} as const;

export function renderMetricsDoc(): string {
	const rows = Object.values(INSTRUMENTS).map(
		({ name, kind, labels, help }) =>
			`| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`,
	);
	return [
		"# Metrics",
		"",
		"`GET /metrics` on port 8002, in Prometheus' text format. Series of a model appear when it is ready and vanish when it is unloaded. Generated from `packages/server/src/telemetry/instruments.ts` by `npm run docs`.",
		"",
		"| name | kind | labels | meaning |",
		"|---|---|---|---|",
		...rows,
		"",
	].join("\n");
}
