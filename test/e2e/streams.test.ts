import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeModelRepository } from "../support/model-repository.ts";
import { saccade, serve } from "./support/command.ts";

const YAML = `
pipelines:
  pair:
    summary: sum and difference of a radar
    sensors: { radar: { payload: tensors } }
    nodes:
      first: { model: simple, in: { INPUT0: radar.x, INPUT1: radar.x } }
    result: { outputs: { sum: first.OUTPUT0 } }
`;

test("`saccade streams` tells the same of a configuration and of a server that runs it", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "saccade-pipelines-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	writeFileSync(join(directory, "pair.yaml"), YAML);
	const repository = makeModelRepository(t, "simple");
	const local = ["--pipelines", directory, "--model-repository", repository];
	const offline = await saccade(["streams", "list", "--json", ...local]);
	assert.equal(offline.code, 0, offline.stderr);
	const explained = await saccade(["streams", "explain", "pair", ...local]);
	assert.match(
		explained.stdout,
		/first +model simple +model .*radar\.x \(INT32\[\?, 16\]\)/,
	);
	const serving = await serve(t, local);
	const to = ["--json", "--url", serving.http];
	const online = await saccade(["streams", "list", ...to]);
	assert.deepEqual(JSON.parse(online.stdout), JSON.parse(offline.stdout));
	const unknown = await saccade(["streams", "explain", "pear", ...local]);
	assert.equal(unknown.code, 2);
	assert.match(unknown.stderr, /there is no pipeline 'pear'; there are pair/);
});
