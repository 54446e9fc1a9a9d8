// What deploy/observability asks for is what the server has.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { INSTRUMENTS } from "../../packages/server/src/telemetry/instruments.ts";

const shipped = join(import.meta.dirname, "../../deploy/observability");
const read = (...path: readonly string[]) =>
	readFileSync(join(shipped, ...path), "utf8");
const filesIn = (...path: readonly string[]) =>
	readdirSync(join(shipped, ...path)).map((name) => [...path, name]);

interface Rule {
	readonly record?: string;
	readonly alert?: string;
	readonly expr: string;
	readonly labels?: { readonly severity?: string };
	readonly annotations?: { readonly summary?: string };
}

const rules: readonly Rule[] = filesIn("prometheus", "rules").flatMap((file) =>
	(
		parse(read(...file)) as {
			readonly groups: readonly { readonly rules: readonly Rule[] }[];
		}
	).groups.flatMap((group) => group.rules),
);
const recorded = new Set(rules.flatMap(({ record }) => record ?? []));

interface Panel {
	readonly title: string;
	readonly targets?: readonly { readonly expr: string }[];
}

const queries = filesIn("grafana", "dashboards").flatMap((file) => {
	const { panels } = JSON.parse(read(...file)) as {
		readonly panels: readonly Panel[];
	};
	return panels.flatMap(({ title, targets = [] }) =>
		targets.map(({ expr }) => ({ where: `${file.at(-1)} / ${title}`, expr })),
	);
});

const everything = [
	...queries,
	...rules.map(({ record, alert, expr }) => ({
		where: record ?? alert ?? "",
		expr,
	})),
];

const SELECTOR = /\b((?:nv|saccade)[_:][\w:]+)(?:\{([^}]*)\})?/g;
const ADDED = ["job", "instance", "le"];

/** The labels of a series' instruments; null: there is no such metric. */
function labelsOf(series: string): readonly string[] | null {
	const all = Object.values(INSTRUMENTS);
	const plain = all.filter(
		({ name, kind }) => name === series && kind !== "histogram",
	);
	const histograms = all.filter(
		({ name, kind }) =>
			kind === "histogram" &&
			["_bucket", "_sum", "_count"].some((end) => name + end === series),
	);
	const found = [...plain, ...histograms];
	return found.length === 0
		? null
		: [...ADDED, ...found.flatMap(({ labels }) => labels)];
}

describe("dashboards and rules", () => {
	test("name only metrics that there are, and labels that these have", () => {
		assert.ok(queries.length > 40 && rules.length > 15);
		for (const { where, expr } of everything)
			for (const [, name = "", matchers = ""] of expr.matchAll(SELECTOR)) {
				if (recorded.has(name)) continue;
				const labels = labelsOf(name);
				assert.ok(labels !== null, `${where}: there is no ${name}`);
				for (const [, label = ""] of matchers.matchAll(/(\w+)\s*[=!]/g))
					assert.ok(
						labels.includes(label),
						`${where}: ${name} has no ${label}`,
					);
			}
	});

	test("record and alert under names of their own, each alert with what to tell whom", () => {
		const names = rules.map(({ record, alert }) => record ?? alert);
		assert.equal(new Set(names).size, names.length);
		for (const { alert, labels, annotations } of rules) {
			if (alert === undefined) continue;
			assert.match(labels?.severity ?? "", /^(page|ticket)$/, alert);
			assert.ok(annotations?.summary !== undefined, alert);
		}
	});

	test("every alert has a test that sees it fire", () => {
		const tests = filesIn("prometheus", "tests")
			.map((file) => read(...file))
			.join("\n");
		for (const { alert } of rules)
			if (alert !== undefined)
				assert.match(
					tests,
					new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`),
					alert,
				);
	});
});

describe("the containers", () => {
	interface Compose {
		readonly services: Readonly<
			Record<
				string,
				{
					readonly image: string;
					readonly volumes?: readonly string[];
					readonly ports?: readonly string[];
					readonly profiles?: readonly string[];
				}
			>
		>;
	}
	const { services } = parse(read("docker-compose.yml")) as Compose;

	test("are of fixed versions, mount what is there, and listen on this machine alone", () => {
		for (const [name, { image, volumes = [], ports = [] }] of Object.entries(
			services,
		)) {
			assert.match(image, /:v?\d+\.\d+\.\d+$/, name);
			for (const volume of volumes) {
				const [from = ""] = volume.split(":");
				if (from.startsWith("."))
					assert.ok(existsSync(join(shipped, from)), `${name}: ${from}`);
			}
			for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name);
		}
	});

	test("of one profile want no port twice", () => {
		for (const profile of ["prometheus", "victoria"]) {
			const ports = Object.values(services)
				.filter(({ profiles }) => profiles?.includes(profile) ?? true)
				.flatMap(({ ports = [] }) => ports);
			assert.equal(new Set(ports).size, ports.length, profile);
		}
	});

	test("the Collector's pipelines are made of components that it configures", () => {
		interface Collector {
			readonly receivers: object;
			readonly processors: object;
			readonly exporters: object;
			readonly service: {
				readonly pipelines: Readonly<
					Record<
						string,
						Readonly<
							Record<
								"receivers" | "processors" | "exporters",
								readonly string[]
							>
						>
					>
				>;
			};
		}
		const config = parse(read("otel-collector.yaml")) as Collector;
		const { pipelines } = config.service;
		assert.deepEqual(Object.keys(pipelines).sort(), [
			"logs",
			"metrics",
			"traces",
		]);
		for (const parts of Object.values(pipelines))
			for (const kind of ["receivers", "processors", "exporters"] as const)
				for (const name of parts[kind])
					assert.ok(name in config[kind], `${kind} ${name}`);
		// What limits memory comes before what keeps data.
		for (const { processors } of Object.values(pipelines))
			assert.deepEqual(processors, ["memory_limiter", "batch"]);
	});
});
