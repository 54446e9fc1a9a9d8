// `devices:` of the configuration file: CPU partitions and simulated devices. Every problem is reported, each with the
// position of its device.
import { isMapping } from "../common/mapping.ts";
import { parseCoreList } from "../devices/core-list.ts";

export type DeviceSpec =
	| {
			readonly kind: "cpu";
			readonly name: string;
			readonly threadCount: number;
			/** Null: wherever the system puts its runs. */
			readonly cores: readonly number[] | null;
	  }
	| {
			readonly kind: "simulated";
			readonly name: string;
			readonly curveMs: Readonly<Record<string, number>>;
			readonly memoryBytes: number;
			readonly faults: readonly FaultSpec[];
	  };

interface FaultSpec {
	readonly fault:
		| { readonly kind: "fail" }
		| { readonly kind: "hang" }
		| { readonly kind: "slow"; readonly factor: number };
	/** After the server was made. */
	readonly fromMs: number;
	/** Infinity: for ever. */
	readonly toMs: number;
}

const DEFAULT_MEMORY_BYTES = 8 * 1024 ** 3;
const DEFAULT_SLOW_FACTOR = 10;
const KINDS = "cpu, simulated";

/** Says what is wrong, at the value that is read. */
type Complain = (problem: string) => void;

export function readDevices(
	value: unknown,
	problems: string[],
): readonly DeviceSpec[] {
	if (value === undefined || value === null) return [];
	if (!Array.isArray(value)) {
		problems.push("configuration file, devices: a list is needed");
		return [];
	}
	const specs: DeviceSpec[] = [];
	const names = new Set<string>();
	for (const [index, item] of value.entries()) {
		const name = isMapping(item) && item["name"];
		const complain = (problem: string) =>
			problems.push(
				`configuration file, device ${typeof name === "string" ? `'${name}'` : index}: ${problem}`,
			);
		if (!isMapping(item)) {
			complain("settings with values are needed");
			continue;
		}
		if (typeof name !== "string" || !/^[\w.-]+$/.test(name))
			complain(
				"a 'name' of letters, digits, dots, dashes or underscores is needed",
			);
		else if (names.has(name)) complain("the name is taken");
		else names.add(name);
		const spec = readDevice(item, String(name), complain);
		if (spec !== null) specs.push(spec);
	}
	return specs;
}

function readDevice(
	item: Readonly<Record<string, unknown>>,
	name: string,
	complain: Complain,
): DeviceSpec | null {
	switch (item["kind"]) {
		case "cpu":
			onlyKeys(item, ["name", "kind", "threads", "cores"], complain);
			return readPartition(item, name, complain);
		case "simulated":
			onlyKeys(
				item,
				["name", "kind", "curveMs", "memoryBytes", "faults"],
				complain,
			);
			return {
				kind: "simulated",
				name,
				curveMs: readCurve(item["curveMs"], complain),
				memoryBytes: count(
					item["memoryBytes"] ?? DEFAULT_MEMORY_BYTES,
					"memoryBytes",
					complain,
				),
				faults: readFaults(item["faults"] ?? [], complain),
			};
		case "gpu":
			complain(
				"GPUs are found by themselves; CUDA_VISIBLE_DEVICES says which of them may be used",
			);
			return null;
		default:
			complain(`'kind' is one of ${KINDS}, got '${String(item["kind"])}'`);
			return null;
	}
}

/** So many threads as there are cores, where cores are named. */
function readPartition(
	{ threads, cores: list }: Readonly<Record<string, unknown>>,
	name: string,
	complain: Complain,
): DeviceSpec {
	const cores = list === undefined ? null : readCores(list, complain);
	const threadCount = count(threads ?? cores?.length, "threads", complain);
	if (cores !== null && threadCount > cores.length)
		complain(`${threadCount} threads are more than its ${cores.length} cores`);
	return { kind: "cpu", name, threadCount, cores };
}

function readCores(value: unknown, complain: Complain): readonly number[] {
	const cores =
		typeof value === "string" || typeof value === "number"
			? parseCoreList(String(value))
			: null;
	if (cores !== null) return cores;
	complain("'cores' are numbers and ranges of them, e.g. 0-3,6");
	return [0];
}

function readCurve(
	value: unknown,
	complain: Complain,
): Readonly<Record<string, number>> {
	const points = isMapping(value) ? Object.entries(value) : [];
	const isCurve =
		points.length > 0 &&
		points.every(
			([rows, ms]) =>
				/^[1-9]\d*$/.test(rows) &&
				typeof ms === "number" &&
				Number.isFinite(ms) &&
				ms > 0,
		);
	if (isCurve) return value as Record<string, number>;
	complain(
		"'curveMs' is the time of a run in ms by batch size, e.g. {1: 23.8, 8: 38}",
	);
	return { 1: 1 };
}

function readFaults(value: unknown, complain: Complain): FaultSpec[] {
	if (!Array.isArray(value)) {
		complain("'faults' is a list");
		return [];
	}
	const faults: FaultSpec[] = [];
	for (const item of value) {
		const fault = isMapping(item) ? item : {};
		onlyKeys(fault, ["kind", "fromMs", "toMs", "factor"], complain);
		const fromMs = fault["fromMs"] ?? 0;
		const toMs = fault["toMs"] ?? Number.POSITIVE_INFINITY;
		const kind = faultOf(fault);
		const isOrdered =
			typeof fromMs === "number" &&
			typeof toMs === "number" &&
			fromMs >= 0 &&
			toMs > fromMs;
		if (kind === null || !isOrdered)
			complain(
				"a fault is {kind: fail | hang | slow, fromMs, toMs, factor (of slow, above 1)}, with fromMs before toMs",
			);
		else faults.push({ fault: kind, fromMs, toMs });
	}
	return faults;
}

function faultOf({
	kind,
	factor = DEFAULT_SLOW_FACTOR,
}: Readonly<Record<string, unknown>>): FaultSpec["fault"] | null {
	if (kind === "fail" || kind === "hang") return { kind };
	const isFactor = typeof factor === "number" && factor > 1;
	return kind === "slow" && isFactor ? { kind, factor } : null;
}

function count(value: unknown, key: string, complain: Complain): number {
	if (Number.isSafeInteger(value) && (value as number) >= 1)
		return value as number;
	complain(`'${key}' is a whole number of 1 or more, got '${String(value)}'`);
	return 1;
}

function onlyKeys(
	item: Readonly<Record<string, unknown>>,
	known: readonly string[],
	complain: Complain,
): void {
	for (const key of Object.keys(item))
		if (!known.includes(key))
			complain(`'${key}' is no setting; there are ${known.join(", ")}`);
}
