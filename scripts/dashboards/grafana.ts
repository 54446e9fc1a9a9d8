// Grafana's JSON of a dashboard, from what is worth saying about one. Panels flow in rows of 24 columns.
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/

export interface Query {
	/** PromQL. `$source` and `$model` are what the reader chose, `$__rate_interval` is Grafana's. */
	readonly expr: string;
	/** Labels in braces: `{{source}}`. */
	readonly legend: string;
}

export interface Panel {
	readonly title: string;
	/** What it says, and what to do when it looks wrong. */
	readonly about: string;
	/** Grafana's: `s`, `percentunit`, `bytes`, `ops`, `short`, `watt`, `celsius`, `hertz`. */
	readonly unit: string;
	readonly queries: readonly Query[];
	/** @default lines */
	readonly draw?: "lines" | "stacked" | "stat";
	/** Of 24 columns. @default 8 */
	readonly width?: number;
}

export interface Row {
	readonly title: string;
	readonly panels: readonly Panel[];
}

export interface Dashboard {
	/** File name and address. */
	readonly id: string;
	readonly title: string;
	readonly about: string;
	readonly choices: readonly ("source" | "model")[];
	readonly rows: readonly Row[];
}

const DATASOURCE = { type: "prometheus", uid: "saccade" };
const COLUMNS = 24;
const HEIGHT = 8;
const CHOICES = {
	source: { label: "Pipeline", query: "label_values(saccade_streams, source)" },
	model: {
		label: "Model",
		query: "label_values(nv_inference_count, model)",
	},
} as const;

export function renderDashboard(dashboard: Dashboard): string {
	const json = {
		uid: `saccade-${dashboard.id}`,
		title: dashboard.title,
		description: dashboard.about,
		tags: ["saccade"],
		schemaVersion: 39,
		editable: false,
		refresh: "5s",
		time: { from: "now-15m", to: "now" },
		timezone: "browser",
		links: [
			{
				title: "Saccade",
				type: "dashboards",
				tags: ["saccade"],
				asDropdown: true,
			},
		],
		templating: { list: dashboard.choices.map(choice) },
		panels: layOut(dashboard.rows),
	};
	return `${JSON.stringify(json, null, "\t")}\n`;
}

function choice(name: keyof typeof CHOICES) {
	const { label, query } = CHOICES[name];
	return {
		name,
		label,
		type: "query",
		datasource: DATASOURCE,
		query: { query, refId: name },
		refresh: 2,
		sort: 1,
		multi: true,
		includeAll: true,
		allValue: ".*",
		current: { text: "All", value: "$__all" },
	};
}

function layOut(rows: readonly Row[]): object[] {
	const panels: object[] = [];
	let y = 0;
	for (const row of rows) {
		panels.push({
			id: panels.length + 1,
			type: "row",
			title: row.title,
			collapsed: false,
			gridPos: { x: 0, y, w: COLUMNS, h: 1 },
			panels: [],
		});
		y++;
		let x = 0;
		for (const panel of row.panels) {
			const w = panel.width ?? 8;
			if (x + w > COLUMNS) {
				x = 0;
				y += HEIGHT;
			}
			const gridPos = { x, y, w, h: HEIGHT };
			panels.push(renderPanel(panel, panels.length + 1, gridPos));
			x += w;
		}
		y += HEIGHT;
	}
	return panels;
}

function renderPanel(panel: Panel, id: number, gridPos: object): object {
	const { draw = "lines" } = panel;
	const isStat = draw === "stat";
	return {
		id,
		type: isStat ? "stat" : "timeseries",
		title: panel.title,
		description: panel.about,
		datasource: DATASOURCE,
		gridPos,
		fieldConfig: {
			defaults: {
				unit: panel.unit,
				min: 0,
				...(!isStat && {
					custom: {
						fillOpacity: draw === "stacked" ? 40 : 8,
						showPoints: "never",
						stacking: { mode: draw === "stacked" ? "normal" : "none" },
					},
				}),
			},
			overrides: [],
		},
		options: isStat
			? { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "value" }
			: {
					legend: { displayMode: "list", placement: "bottom" },
					tooltip: { mode: "multi", sort: "desc" },
				},
		targets: panel.queries.map(({ expr, legend }, index) => ({
			refId: String.fromCharCode(65 + index),
			datasource: DATASOURCE,
			expr,
			legendFormat: legend,
		})),
	};
}
