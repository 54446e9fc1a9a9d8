// Writes the documents that come from tables in the code; with --check, fails when one of them is not current.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ERROR_CODES, type ErrorCode } from "@saccade/protocol";
import { renderConfigDoc } from "../packages/server/src/config/render-doc.ts";
import { renderMetricsDoc } from "../packages/server/src/telemetry/instruments.ts";
import { GRPC_STATUS } from "../packages/server/src/transport/grpc/error-map.ts";
import { HTTP_STATUS } from "../packages/server/src/transport/http/error-map.ts";
import { readResults } from "./bench-results.ts";
import { renderBenchmarksDoc } from "./benchmarks-doc.ts";
import { DASHBOARDS } from "./dashboards/dashboards.ts";
import { renderDashboard } from "./dashboards/grafana.ts";
import { makePlots } from "./plots/plots.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const GRAFANA = "deploy/observability/grafana/dashboards";

const results = readResults(join(root, "bench", "results"));
const plots = makePlots(results);

const DOCUMENTS: Readonly<Record<string, () => string>> = {
	"docs/benchmarks.md": () => renderBenchmarksDoc(results, plots),
	...Object.fromEntries(
		plots.map(({ file, svg }) => [join("docs/plots", file), () => svg]),
	),
	"docs/config.md": renderConfigDoc,
	"docs/errors.md": renderErrorsDoc,
	"docs/metrics.md": renderMetricsDoc,
	...Object.fromEntries(
		DASHBOARDS.map((dashboard) => [
			join(GRAFANA, `saccade-${dashboard.id}.json`),
			() => renderDashboard(dashboard),
		]),
	),
};

function renderErrorsDoc(): string {
	const rows = Object.entries(ERROR_CODES).map(
		([code, { outcome, meaning, remedy }]) =>
			`| \`${code}\` | ${HTTP_STATUS[code as ErrorCode]} | ${GRPC_STATUS[code as ErrorCode]} | ${outcome} | ${meaning} | ${remedy} |`,
	);
	return [
		"# Errors",
		"",
		'HTTP answers `{"error": "<text>"}`, gRPC the same text as its status message. Work that was refused or dropped before it ran says why in `saccade-refused-because` (HTTP header, gRPC trailer). A name or configuration that cannot be loaded answers 500 over HTTP, and `--strict-triton` answers malformed JSON with 500, as Triton does. Generated from `packages/protocol/src/error-codes.ts` and the two error maps by `npm run docs`.',
		"",
		"| code | HTTP | gRPC | outcome | meaning | what to do |",
		"|---|---|---|---|---|---|",
		...rows,
		"",
	].join("\n");
}

const check = process.argv.includes("--check");
const stale: string[] = [];
for (const [name, render] of Object.entries(DOCUMENTS)) {
	const path = join(root, name);
	const text = render();
	if (check) {
		if (readOrEmpty(path) !== text) stale.push(name);
		continue;
	}
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, text);
}
if (stale.length > 0) {
	console.error(`${stale.join(", ")}: not current; run npm run docs`);
	process.exitCode = 1;
}

function readOrEmpty(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return "";
	}
}
