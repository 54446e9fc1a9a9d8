import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, type LogLevel } from "./logger.ts";

function record(level: LogLevel) {
	const lines: string[] = [];
	return { lines, log: createLogger(level, (line) => lines.push(line)) };
}

test("a line is one JSON object with level, time, fields and text", () => {
	const { lines, log } = record("info");
	log.info({ model: 'a"\n', version: 2 }, "ready");
	assert.equal(lines.length, 1);
	assert.match(lines[0] ?? "", /^[^\n]+\n$/);
	const { time, ...rest } = JSON.parse(lines[0] ?? "");
	assert.deepEqual(rest, {
		level: "info",
		model: 'a"\n',
		version: 2,
		msg: "ready",
	});
	assert.equal(new Date(time).toISOString(), time);
});

test("lines below the level are left out, and the level can change", () => {
	const { lines, log } = record("warn");
	log.debug({}, "1");
	log.info({}, "2");
	log.warn({}, "3");
	log.error({}, "4");
	assert.ok(!log.writes("info") && log.writes("warn"));
	log.setLevel("debug");
	assert.ok(log.writes("debug"));
	log.debug({}, "5");
	log.setLevel("silent");
	log.error({}, "6");
	const texts = lines.map((line) => JSON.parse(line).msg);
	assert.deepEqual(texts, ["3", "4", "5"]);
});
