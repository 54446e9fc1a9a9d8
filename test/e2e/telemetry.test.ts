// Sensor streams against the real command: what happens when either side is killed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import { until } from "../support/until.ts";
import { serve } from "./support/command.ts";

const ARGS = [
	`--model-repository=${fileURLToPath(new URL("../../models/repository", import.meta.url))}`,
	"--model-control-mode=explicit",
];
const LIST = {
	path: "/saccade.v1.SensorPipeline/ListStreams",
	request: pb.ListStreamsRequestSchema,
	response: pb.ListStreamsResponseSchema,
};
const STREAM = {
	path: "/saccade.v1.SensorPipeline/StreamTelemetry",
	request: pb.SensorReadingSchema,
	response: pb.ControlCommandSchema,
};

/** Sends one reading and the first 100 KB of a message of 1 MB, says so, and stays. */
const HALF_A_FRAME = `
import { connect } from "node:http2";
const session = connect("http://" + process.argv[1]);
const stream = session.request({
	":method": "POST", ":path": "${STREAM.path}",
	"content-type": "application/grpc", te: "trailers",
});
const reading = Buffer.from([0x08, 1, 0x12, 1, 0x61, 0x19, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
const prefix = (length) => { const b = Buffer.alloc(5); b.writeUInt32BE(length, 1); return b; };
stream.write(Buffer.concat([prefix(reading.length), reading]));
stream.write(Buffer.concat([prefix(1_000_000), Buffer.alloc(100_000)]));
stream.once("data", () => console.log("half"));
`;

test("a client that is killed in the middle of a frame leaves nothing behind", {
	timeout: 60_000,
}, async (t) => {
	const serving = await serve(t, ARGS);
	const client = new TestClient(serving.grpc);
	t.after(() => client.close());
	const child = spawn(
		process.execPath,
		["--input-type=module", "-e", HALF_A_FRAME, serving.grpc],
		{ stdio: ["ignore", "pipe", "inherit"] },
	);
	t.after(() => child.kill("SIGKILL"));
	await once(child.stdout, "data");
	const { streams } = await client.unary(LIST, {});
	assert.equal(streams[0]?.totals?.received, 1n);
	child.kill("SIGKILL");
	await until(
		"its stream is gone",
		async () => (await client.unary(LIST, {})).streams.length === 0,
	);
	const page = await (await fetch(`http://${serving.metrics}/metrics`)).text();
	assert.match(
		page,
		/saccade_outcomes_total\{source="scalar",outcome="RESULT"\} 1$/m,
	);
	assert.match(page, /^saccade_body_bytes 0$/m);
	// And the next one is served.
	const call = client.bidi(STREAM);
	call.end(
		create(pb.SensorReadingSchema, {
			timestampNs: 1n,
			deviceId: "a",
			value: 1,
		}),
	);
	const [command] = (await once(call, "data")) as [pb.ControlCommand];
	assert.equal(command.opened?.accepted, true);
});

test("a server that is told to end lets a stream's frames end first and says how many there were", {
	timeout: 60_000,
}, async (t) => {
	const serving = await serve(t, ARGS);
	const client = new TestClient(serving.grpc);
	t.after(() => client.close());
	const call = client.bidi(STREAM);
	const commands: pb.ControlCommand[] = [];
	call.on("data", (command: pb.ControlCommand) => commands.push(command));
	const ended = once(call, "end");
	for (let i = 1; i <= 5; i++)
		call.write(
			create(pb.SensorReadingSchema, {
				timestampNs: BigInt(i),
				deviceId: "a",
				value: i,
			}),
		);
	await until(
		"all have an outcome",
		() => commands.flatMap(({ outcomes }) => outcomes).length === 5,
	);
	serving.process.kill("SIGTERM");
	await ended;
	assert.equal(commands.at(-1)?.totals?.received, 5n);
	assert.equal(commands.at(-1)?.totals?.inFlight, 0n);
	assert.equal(await serving.exited, 0);
});
