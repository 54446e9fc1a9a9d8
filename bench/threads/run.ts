// `npm run bench -- threads [--lanes 4] [--rounds 5]`: what each way of running models off the event loop costs, and what it
// does to a file read, gzip and the loop while every lane is held. The reasons are in docs/decisions/0002.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFixture } from "../../scripts/fixtures/catalogue.ts";
import { writeFixture } from "../../scripts/fixtures/write-fixture.ts";
import { benchArguments } from "../lib/arguments.ts";
import { median } from "../lib/stats.ts";
import { type ThreadsReport, VARIANTS } from "./variants.ts";

const lanes = benchArguments.number("--lanes", 4);
const rounds = benchArguments.number("--rounds", 5);
const repository = mkdtempSync(join(tmpdir(), "saccade-threads-"));
writeFixture(repository, findFixture("slow"));

const reports = new Map(
	VARIANTS.map(({ name }) => [name, [] as ThreadsReport[]]),
);
for (let round = 0; round < rounds; round++)
	for (const variant of VARIANTS) {
		const output = execFileSync(
			process.execPath,
			[
				"--conditions=source",
				join(import.meta.dirname, "child.ts"),
				JSON.stringify(variant),
				repository,
				String(lanes),
			],
			{
				encoding: "utf8",
				env: {
					...process.env,
					UV_THREADPOOL_SIZE: String(variant.poolThreads),
				},
			},
		);
		reports.get(variant.name)?.push(JSON.parse(output) as ThreadsReport);
	}
rmSync(repository, { recursive: true, force: true });

const at = (sorted: readonly number[], share: number) =>
	sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
const show = (values: readonly number[]) => median(values).toPrecision(3);
const spread = (values: readonly (readonly number[])[]) =>
	`${show(values.map((each) => at(each, 0.5)))} / ${show(values.map((each) => at(each, 0.95)))}`;

console.log(`${lanes} lanes, medians of ${rounds} interleaved rounds`);
console.log(
	"| | hop µs | lane MiB | set-up ms | file ms p50 / p95 | gzip | turn of the loop | slow runs |",
);
console.log("|---|---|---|---|---|---|---|---|");
for (const [name, all] of reports)
	console.log(
		`| ${[
			name,
			show(all.map(({ hopUs }) => hopUs)),
			show(all.map(({ laneMiB }) => laneMiB)),
			show(all.map(({ setUpMs }) => setUpMs)),
			spread(all.map(({ fileMs }) => fileMs)),
			spread(all.map(({ gzipMs }) => gzipMs)),
			spread(all.map(({ turnMs }) => turnMs)),
			show(all.map(({ slowRuns }) => slowRuns)),
		].join(" | ")} |`,
	);
