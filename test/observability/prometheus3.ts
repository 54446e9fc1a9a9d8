// Prometheus 3, which takes OTLP itself, from its Go module. Building it takes minutes, and the module proxy refuses
// single versions now and then: it is built by `npm run build:prometheus3`, and what needs it is skipped without.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(
	new URL("../../.cache/prometheus3", import.meta.url),
);
const MODULE = "github.com/prometheus/prometheus/cmd/prometheus@v0.316.0";
/** Without the discovery of services: one of them has a dependency that the module proxy refuses. */
const TAGS = "remove_all_sd,enable_kubernetes_sd";
const BUILD_WITHIN_MS = 1_200_000;

/** Its path; null: it is not built. */
export function findPrometheus3(): string | null {
	const path = join(home, "prometheus");
	return existsSync(path) ? path : null;
}

/** Returns why it could not be built; null: it is there. */
export function buildPrometheus3(): string | null {
	if (findPrometheus3() !== null) return null;
	const built = spawnSync(
		"go",
		["install", "-trimpath", "-ldflags=-s -w", "-tags", TAGS, MODULE],
		{
			env: { ...process.env, GOBIN: home, CGO_ENABLED: "0" },
			encoding: "utf8",
			timeout: BUILD_WITHIN_MS,
		},
	);
	return built.status === 0
		? null
		: (built.error?.message ?? built.stderr.slice(-500));
}
