// StreamTelemetry as the pipe of a sensor stream.
import type { Client, StatusObject } from "@grpc/grpc-js";
import type { OpenPipe } from "../streams/pipe.ts";
import { errorOfStatus } from "./status.ts";

const PATH = "/saccade.v1.SensorPipeline/StreamTelemetry";

export function telemetryPipe(client: Client, address: string): OpenPipe {
	return (listener) => {
		const call = client.makeBidiStreamRequest(
			PATH,
			(message: Uint8Array) =>
				Buffer.from(message.buffer, message.byteOffset, message.byteLength),
			(bytes: Buffer): Uint8Array => bytes,
		);
		call.on("data", (bytes: Uint8Array) => listener.message(bytes));
		call.on("drain", () => listener.drained());
		// The status tells it, too.
		call.on("error", () => {});
		call.on("status", (status: StatusObject) =>
			listener.over(errorOfStatus(status, address)),
		);
		return {
			send: (message) => call.write(message),
			end: () => {
				call.end();
			},
			cancel: () => call.cancel(),
		};
	};
}
