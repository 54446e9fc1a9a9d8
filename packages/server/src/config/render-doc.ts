import { describeSaccadeSettings } from "../repository/saccade-settings.ts";
import { envNameOf } from "./env-name.ts";
import {
	IGNORED_FLAGS,
	OPTIONS,
	type OptionName,
	REFUSED_FLAGS,
} from "./options.ts";

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
		"  - { name: left, kind: cpu, threads: 2 }",
		"  - name: sim0",
		"    kind: simulated              # stands for an accelerator: real answers, and the time of a curve",
		"    curveMs: { 1: 23.8, 8: 38 }  # ms by batch size",
		"    memoryBytes: 8589934592      # default 8 GiB; a model takes the size of its file",
		"    faults:                      # none by default; times in ms after the start",
		"      - { kind: hang, fromMs: 60000, toMs: 65000 }  # or fail, or slow with a factor (default 10)",
		"```",
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
	].join("\n");
}
