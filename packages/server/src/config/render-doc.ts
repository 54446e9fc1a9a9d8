import { describeSaccadeSettings } from "../repository/saccade-settings.ts";
import { envNameOf } from "./env-name.ts";
import { IGNORED_FLAGS, REFUSED_FLAGS } from "./options/triton-flags.ts";
import { OPTIONS, type OptionName } from "./options.ts";

const SHAPE_BUCKETS = [
	"## Shape buckets",
	"",
	"Requests share a batch when their shapes are alike. Where a model's dimensions are dynamic they seldom are; with buckets, each request is padded to the smallest bucket that holds it while its rows are gathered (the one copy that a batch costs anyway), and its answer is cut back to its own size. A model must be one for which padding does not change the answer: one that masks, or whose padding is neutral.",
	"",
	"```proto",
	"# In the file: input image [N, 3, height, width]; outputs mask [N, height, width], heat [N, 1, rows, columns].",
	"max_batch_size: 8",
	"dynamic_batching { }",
	'parameters { key: "saccade.shape_buckets" value { string_value:',
	'  "height = 240, 480 @ heat[1]/8; width = 320, 640 @ heat[2]/8" } }',
	'parameters { key: "saccade.pad_values" value { string_value: "image = 114" } }',
	"```",
	"",
	"* `name = size, size, …` for each dimension, ascending, with `;` between. A request of 200 × 500 runs at 240 × 640. One beyond the largest is refused with the numbers.",
	"* Inputs and outputs whose dimension bears that name in the ONNX file are padded and cut together; in one request their sizes agree. Other places are stated after `@`, as `tensor[axis]` counted without the batch dimension. An output may be a part or a multiple: `heat[1]/8` is the size divided by 8, rounded up; `heat[1]*2` twice the size.",
	"* A dynamic dimension of an output that follows no bucket is stated too: `keep boxes[0]`. What is left open, unknown or contradictory fails the load, all of it in one message; what a run contradicts (a factor that is wrong) fails the warm-up.",
	"* Warm-up and thus the first predictions use the largest bucket. A batch takes neighbours in the order of service and closes (`shape-change`) at the first of another bucket: few buckets give full batches, many give little padding; `saccade_shape_bucket_elements_total` tells how much, by `part`, `used` and `padding`.",
	"",
];

/** `docs/config.md`. */
export function renderConfigDoc(): string {
	const rows = (Object.keys(OPTIONS) as OptionName[]).map((name) => {
		const option = OPTIONS[name];
		const value = JSON.stringify(option.default);
		return `| \`--${option.flag}\` | \`${envNameOf(option.flag)}\` | ${option.unit.replaceAll("|", "\\|")} | \`${value}\` | ${option.meaning} | ${option.reason} |`;
	});
	const list = (flags: ReadonlySet<string>) =>
		[...flags].map((flag) => `\`--${flag}\``).join(", ");
	const settings = describeSaccadeSettings().map(
		([key, fallback, meaning]) =>
			`| \`${key}\` | \`${fallback}\` | ${meaning} |`,
	);
	return [
		"# Options of `saccade serve`",
		"",
		"Flags (`--x v` or `--x=v`) over the environment over the file (`--config saccade.yaml`, keys under `server:` spelt as the flags) over defaults. All problems are reported at once; exit code 2. Generated from `packages/server/src/config/options.ts` by `npm run docs`.",
		"",
		"| flag | environment | unit | default | meaning | why |",
		"|---|---|---|---|---|---|",
		...rows,
		"",
		`Triton options that are known and have no effect in this version, each with a warning: ${list(IGNORED_FLAGS)}.`,
		"",
		`Options that promise security and are not enforced in this version, so the server does not start with them: ${list(REFUSED_FLAGS)}.`,
		"",
		"# Devices",
		"",
		"`devices:` of the file lists CPU partitions and simulated devices; GPUs are found by themselves. Without a CPU partition there is one of all cores that the process may use.",
		"",
		"```yaml",
		"devices:",
		"  - { name: left, kind: cpu, threads: 2 }       # two threads, wherever the system puts them",
		"  - { name: right, kind: cpu, cores: 2-3 }      # Linux: runs stay on these cores, with as many threads",
		"  - name: sim0",
		"    kind: simulated              # stands for an accelerator: real answers, and the time of a curve",
		"    curveMs: { 1: 23.8, 8: 38 }  # ms by batch size",
		"    memoryBytes: 8589934592      # default 8 GiB; a model takes the size of its file",
		"    faults:                      # none by default; times in ms after the start",
		"      - { kind: hang, fromMs: 60000, toMs: 65000 }  # or fail, or slow with a factor (default 10)",
		"```",
		"",
		"`cores` is a list as `taskset` takes it (`0-3,6`), of cores that the process may use; `threads` beside it may be fewer. Threads that runs are made on start when so many runs are under way at once and take some 25 MiB each. Runs below 50 µs stay on the event loop, wherever that is, unless the model has `saccade.run_mode` `offload`.",
		"",
		"A model runs on the devices that its instance groups name: `KIND_CPU` means the CPU partitions, `KIND_GPU` the accelerators at the positions of `gpus` (GPUs first, then simulated devices; all of them without `gpus`), `KIND_AUTO` or no group the accelerators, GPUs among them where the ONNX Runtime library has CUDA, and else the CPU. `count` is runs side by side on each.",
		"",
		"Which GPUs may be used say `NVIDIA_VISIBLE_DEVICES` (`all`, `none`, `void`, indices, UUIDs) and `CUDA_VISIBLE_DEVICES` (indices, UUIDs or beginnings of them). MIG instances are not supported. GPUs are numbered by PCI bus; on a machine with unlike GPUs set `CUDA_DEVICE_ORDER=PCI_BUS_ID`, so that CUDA numbers them so as well.",
		"",
		"# Settings of a model",
		"",
		'In its `config.pbtxt`, so that Triton can still load the repository: `parameters { key: "saccade.objective_ms" value { string_value: "50" } }`. An unknown `saccade.` key fails the load.',
		"",
		"| key | default | meaning |",
		"|---|---|---|",
		...settings,
		"",
		...SHAPE_BUCKETS,
	].join("\n");
}
