// What of a processor decides which kernels ONNX Runtime picks, and with them how it lays weights out: a prepared model
// is for processors that agree in this.
import { readFileSync } from "node:fs";
import { arch, cpus } from "node:os";

/** x86: `flags`; Arm: `Features`. Names as Linux has them. */
const RELEVANT =
	/^(?:sse4|ssse3|avx|fma|f16c|amx|asimd|fphp|sve|i8mm|bf16|dotprod|neon)/;

let known: string | undefined;

/** One line that is the same on processors on which prepared models may be shared. */
export function cpuFeatures(): string {
	known ??= readFeatures();
	return known;
}

function readFeatures(): string {
	try {
		return featuresOf(readFileSync("/proc/cpuinfo", "latin1"));
	} catch {
		// Elsewhere than on Linux the model's name has to do.
		return `${arch()} ${cpus()[0]?.model ?? ""}`;
	}
}

/** @param text of `/proc/cpuinfo` */
export function featuresOf(text: string): string {
	const line = /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1] ?? "";
	const names = line.trim().split(/\s+/);
	return [arch(), ...names.filter((name) => RELEVANT.test(name)).sort()].join(
		" ",
	);
}
