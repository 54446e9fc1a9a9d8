// `pipelines:` of a configuration file → definitions. Every problem is told, with its path.
import { isMapping } from "../../common/mapping.ts";
import {
	boolean,
	filledText,
	number,
	oneOf,
	type Reader,
	text,
	wholeNumber,
} from "../../common/readers.ts";
import type { JoinRule } from "../pipeline.ts";
import type { RequestedQos } from "../qos-profile.ts";
import type {
	GraphNode,
	PipelineDefinition,
	PortRef,
	SensorNode,
} from "./definition.ts";
import { MappingReader, type Problems } from "./mapping-reader.ts";

const MAX_NODE_COUNT = 256;
const MAX_SENSOR_COUNT = 32;
const DEFAULT_TIMEOUT_MS = 1000;
const NAME = /^[a-zA-Z][\w-]{0,63}$/;
const FOREVER_MS = Number.POSITIVE_INFINITY;

const milliseconds = number({ min: 0.001, max: 1e9 });

const portRef: Reader<PortRef> = (value) => {
	const match =
		typeof value === "string"
			? /^([a-zA-Z][\w-]*)(?:\.([^\s]+))?$/.exec(value)
			: null;
	return match === null
		? {
				ok: false,
				problem: "the output of a node is needed: node or node.port",
			}
		: { ok: true, value: { node: match[1] ?? "", port: match[2] ?? null } };
};

const settings: Reader<Readonly<Record<string, unknown>>> = (value) =>
	isMapping(value)
		? { ok: true, value }
		: { ok: false, problem: "settings with values are needed" };

/** A version may be written as the number that it is. */
const version: Reader<string> = (value) =>
	wholeNumber({ min: 1 })(value).ok
		? { ok: true, value: String(value) }
		: { ok: false, problem: "the number of a version is needed" };

/** @param value of the key `pipelines` */
export function readDefinitions(
	value: unknown,
	source: string,
	problems: string[],
): PipelineDefinition[] {
	const tell: Problems = (path, problem) =>
		problems.push(`${source}: ${path} ${problem}`);
	if (value === undefined || value === null) return [];
	if (!isMapping(value)) {
		tell("pipelines", "names with pipelines are needed");
		return [];
	}
	return Object.entries(value).map(([name, item]) =>
		readDefinition(name, item, source, tell),
	);
}

function readDefinition(
	name: string,
	value: unknown,
	source: string,
	tell: Problems,
): PipelineDefinition {
	const path = `pipelines.${name}`;
	if (!NAME.test(name)) tell(path, NAME_RULE);
	const reader = new MappingReader(value, path, tell);
	const summary = reader.read("summary", text, "");
	const sensors = reader
		.entries("sensors")
		.map(([key, item]) =>
			readSensor(key, item, `${path}.sensors.${key}`, tell),
		);
	if (sensors.length === 0)
		reader.problem(
			"sensors",
			"is empty; name at least one, e.g. camera: { payload: image }",
		);
	if (sensors.length > MAX_SENSOR_COUNT)
		reader.problem(
			"sensors",
			`has ${sensors.length}; at most ${MAX_SENSOR_COUNT}`,
		);
	const hasJoin = reader.has("join");
	const joinReader = reader.mapping("join");
	const join = hasJoin ? readJoin(joinReader) : null;
	if (join !== null && sensors.length === 1)
		reader.problem("join", "has nothing to join; leave it out with one sensor");
	const requests = readRequests(reader.mapping("qos"));
	const nodes = reader
		.entries("nodes")
		.map(([key, item]) => readNode(key, item, `${path}.nodes.${key}`, tell));
	if (nodes.length > MAX_NODE_COUNT)
		reader.problem("nodes", `has ${nodes.length}; at most ${MAX_NODE_COUNT}`);
	const result = reader.mapping("result");
	const decision = result.read<PortRef | null>("decision", portRef, null);
	const outputs = readRefs("outputs", result);
	result.end();
	if (decision === null && Object.keys(outputs).length === 0)
		reader.problem(
			"result",
			"is empty; give a decision, outputs, or both, e.g. { outputs: { boxes: find.boxes } }",
		);
	reader.end();
	return {
		...{ name, summary, source, sensors, join, requests, nodes },
		...{ decision, outputs },
	};
}

function readSensor(
	name: string,
	value: unknown,
	path: string,
	tell: Problems,
): SensorNode {
	if (!NAME.test(name)) tell(path, NAME_RULE);
	const reader = new MappingReader(value, path, tell);
	const payload = reader.require(
		"payload",
		oneOf("image", "cloud", "imu", "reading", "tensors"),
		"reading",
		"say what it sends: image, cloud, imu, reading or tensors",
	);
	const maxPeriodMs = reader.read("maxPeriodMs", milliseconds, FOREVER_MS);
	const needsCalibration =
		reader.read("calibration", oneOf("required", "optional"), "optional") ===
		"required";
	reader.end();
	return { name, payload, maxPeriodUs: 1000 * maxPeriodMs, needsCalibration };
}

function readJoin(reader: MappingReader): JoinRule {
	const kind = reader.require(
		"kind",
		oneOf("window", "latest"),
		"latest",
		"it is window or latest",
	);
	if (kind === "latest") {
		const maxAgeMs = reader.read("maxAgeMs", milliseconds, FOREVER_MS);
		reader.end();
		return { kind, maxAgeUs: 1000 * maxAgeMs };
	}
	const rule = {
		kind,
		windowUs:
			1000 *
			reader.require(
				"windowMs",
				milliseconds,
				1,
				"how far apart in time they may be",
			),
		waitUs:
			1000 *
			reader.require(
				"waitMs",
				milliseconds,
				1,
				"how long the first waits for the others",
			),
		allowMissing: reader.read("allowMissing", boolean, false),
	};
	reader.end();
	return rule;
}

function readRequests(reader: MappingReader): RequestedQos {
	const requests: RequestedQos = {
		...(reader.has("reliability") && {
			reliability: reader.read(
				"reliability",
				oneOf("best-effort", "reliable"),
				"reliable",
			),
		}),
		...(reader.has("deadlineMs") && {
			deadlineUs: 1000 * reader.read("deadlineMs", milliseconds, 1),
		}),
		...(reader.has("liveliness") && {
			liveliness: reader.read(
				"liveliness",
				oneOf("automatic", "manual-by-topic"),
				"automatic",
			),
		}),
		...(reader.has("livelinessLeaseMs") && {
			livelinessLeaseUs:
				1000 * reader.read("livelinessLeaseMs", milliseconds, 1),
		}),
	};
	reader.end(["reliability", "deadlineMs", "liveliness", "livelinessLeaseMs"]);
	return requests;
}

function readNode(
	name: string,
	value: unknown,
	path: string,
	tell: Problems,
): GraphNode {
	if (!NAME.test(name)) tell(path, NAME_RULE);
	const reader = new MappingReader(value, path, tell);
	const inputs = readRefs("in", reader);
	const kinds = ["step", "model", "join"].filter((kind) => reader.has(kind));
	if (kinds.length !== 1)
		tell(
			path,
			"is a step, a model or a join; give one of 'step', 'model' and 'join'",
		);
	if (reader.has("join")) {
		const rule = readJoin(reader.mapping("join"));
		reader.end(["step", "model"]);
		return { kind: "join", name, inputs, rule };
	}
	if (reader.has("model")) {
		const node = {
			...{ kind: "model" as const, name, inputs },
			model: reader.read("model", filledText, ""),
			version: reader.read("version", version, ""),
		};
		reader.end(["step", "join"]);
		return node;
	}
	const node = {
		...{ kind: "step" as const, name, inputs },
		step: reader.read("step", filledText, ""),
		settings: reader.read("with", settings, {}),
		runs: reader.read("runs", oneOf("auto", "worker"), "auto"),
		timeoutUs:
			1000 * reader.read("timeoutMs", milliseconds, DEFAULT_TIMEOUT_MS),
	};
	reader.end(["model", "join"]);
	return node;
}

function readRefs(
	key: string,
	reader: MappingReader,
): Readonly<Record<string, PortRef>> {
	const refs: Record<string, PortRef> = {};
	for (const [name, value] of reader.entries(key)) {
		const read = portRef(value);
		if (read.ok) refs[name] = read.value;
		else
			reader.problem(
				`${key}.${name}`,
				`${read.problem}, got ${JSON.stringify(value)}`,
			);
	}
	return refs;
}

const NAME_RULE =
	"is no name; take a letter and then up to 63 letters, digits, dashes or underscores";
