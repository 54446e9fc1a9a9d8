// The example of docs/pipelines.md, as it stands there.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeModelRepository } from "../support/model-repository.ts";
import { startTestServer } from "../support/test-server.ts";

const root = join(import.meta.dirname, "..", "..");
const doc = readFileSync(join(root, "docs", "pipelines.md"), "utf8");

function block(language: string): { name: string; text: string } {
	const match = new RegExp(
		`\`\`\`${language}\\n(?:#|//) pipelines/(\\S+)\\n([^]*?)\`\`\``,
	).exec(doc);
	assert.ok(match !== null, `no ${language} block with a file name`);
	return { name: match[1] ?? "", text: match[2] ?? "" };
}

test("the example of the document serves a stream", {
	timeout: 60_000,
}, async (t) => {
	// Inside of the project, where 'saccade/steps' is found.
	const directory = mkdtempSync(join(root, "test", ".doc-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	for (const { name, text } of [block("yaml"), block("ts")])
		writeFileSync(join(directory, name), text);
	const server = await startTestServer(
		makeModelRepository(t, "simple"),
		`--pipelines=${directory}`,
	);
	t.after(() => server.close());
	const { streams, pipelines } = server.server.services;
	const stages = pipelines.explain()[0]?.stages ?? [];
	assert.deepEqual(
		stages.map(({ name, runs }) => [name, runs]),
		[
			["picture", "thread"],
			["judge", "thread"],
		],
	);
	const decisions: (string | undefined)[] = [];
	let next: () => void = () => {};
	const opened = streams.open(
		{
			...{ pipeline: "street", name: "test", peer: "", qos: {}, sensors: [] },
			...{ transforms: [], safeCommand: null, clockDomain: "device" },
		},
		{
			outcome: ({ outcome, detail, result }) => {
				assert.equal(outcome, "RESULT", detail);
				decisions.push(result?.decision?.action);
				next();
			},
			event: () => {},
			policyChanged: () => {},
			ended: () => {},
		},
	);
	assert.ok(opened.ok);
	for (const [at, grey] of [200, 10].entries()) {
		const answered = new Promise<void>((resolve) => {
			next = resolve;
		});
		opened.stream.reading({
			timestampNs: 1_000_000_000n + BigInt(at) * 33_000_000n,
			...{ deviceId: "camera", sequence: at + 1, value: 0, frameId: "" },
			...{ budgetUs: 0, interrupt: false, lease: null },
			receivedUs: 1000 * performance.now(),
			payload: {
				...{ kind: "image", encoding: "rgb8", width: 64, height: 48 },
				rowStrideBytes: 192,
				bytes: new Uint8Array(64 * 48 * 3).fill(grey),
			},
		});
		await answered;
	}
	assert.deepEqual(decisions, ["keep", "slow"]);
	opened.stream.cancel();
});
