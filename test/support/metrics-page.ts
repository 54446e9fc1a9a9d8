// A metrics page as a strict reader sees it: every line is a heading or a sample, labels are unescaped, and a series that
// is there twice is an error, as it is to Prometheus.
import assert from "node:assert/strict";

export interface Sample {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
}

export interface MetricsPage {
	readonly samples: readonly Sample[];
	/** By family. */
	readonly types: ReadonlyMap<string, string>;
	/** Of the one series; fails when it is not there. */
	value(name: string, labels?: Readonly<Record<string, string>>): number;
	/** Of all series that have these labels. */
	sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

const HEADING = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/s;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

export function parseMetrics(text: string): MetricsPage {
	assert.ok(text.endsWith("\n"), "the page ends with a line");
	const types = new Map<string, string>();
	const samples: Sample[] = [];
	const seen = new Set<string>();
	for (const line of text.slice(0, -1).split("\n")) {
		const heading = HEADING.exec(line);
		if (heading !== null) {
			const [, kind, name = "", rest = ""] = heading;
			if (kind !== "TYPE") continue;
			assert.ok(!types.has(name), `${name} has two headings`);
			types.set(name, rest);
			continue;
		}
		const [, name = "", labelText = "", valueText = ""] =
			SAMPLE.exec(line) ?? assert.fail(`no sample: ${line.slice(0, 200)}`);
		const labels = parseLabels(labelText);
		const value = Number(valueText);
		assert.ok(!Number.isNaN(value), line.slice(0, 200));
		const key = seriesKey({ name, labels });
		assert.ok(!seen.has(key), `${key} is there twice`);
		seen.add(key);
		samples.push({ name, labels, value });
	}
	const matching = (name: string, labels: Readonly<Record<string, string>>) =>
		samples.filter(
			(sample) =>
				sample.name === name &&
				Object.entries(labels).every(
					([label, value]) => sample.labels[label] === value,
				),
		);
	return {
		samples,
		types,
		value: (name, labels = {}) => {
			const found = matching(name, labels);
			assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}`);
			return found[0]?.value ?? Number.NaN;
		},
		sum: (name, labels = {}) =>
			matching(name, labels).reduce((sum, { value }) => sum + value, 0),
	};
}

/** The same for the same series, whatever the order of its labels. */
export function seriesKey({ name, labels }: Omit<Sample, "value">): string {
	return JSON.stringify([name, Object.entries(labels).sort()]);
}

function parseLabels(text: string): Record<string, string> {
	const labels: Record<string, string> = {};
	LABEL.lastIndex = 0;
	for (let at = 0; at < text.length; at = LABEL.lastIndex) {
		const [, name = "", value = ""] =
			LABEL.exec(text) ?? assert.fail(`no label: ${text.slice(at, at + 100)}`);
		assert.ok(!(name in labels), `${name} is there twice: ${text}`);
		labels[name] = value.replace(/\\(.)/g, (_, escaped: string) =>
			escaped === "n" ? "\n" : escaped,
		);
	}
	return labels;
}
