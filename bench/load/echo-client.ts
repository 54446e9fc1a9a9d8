// Round trips and nothing else: bytes out, the right number of bytes back, one in flight per connection.
import { connect } from "node:net";
import type { LoadCounters } from "./grpc-client.ts";

export interface EchoLoad {
	readonly host: string;
	readonly port: number;
	/** Connections. */
	readonly inFlight: number;
	readonly requestBytes: number;
	readonly answerBytes: number;
}

/** Keeps `inFlight` connections busy until `counters.running` is false. */
export function startEchoLoad(
	load: EchoLoad,
	counters: LoadCounters,
	failed: (error: Error) => void,
): () => void {
	const stops = Array.from({ length: load.inFlight }, () =>
		startConnection(load, counters, failed),
	);
	return () => {
		for (const stop of stops) stop();
	};
}

function startConnection(
	{ host, port, requestBytes, answerBytes }: EchoLoad,
	counters: LoadCounters,
	failed: (error: Error) => void,
): () => void {
	const request = new Uint8Array(requestBytes);
	let startUs = 0;
	let missingBytes = 0;
	const send = () => {
		if (!counters.running) return;
		startUs = performance.now() * 1000;
		missingBytes = answerBytes;
		counters.sentBytes += requestBytes;
		socket.write(request);
	};
	const socket = connect({
		host,
		port,
		noDelay: true,
		onread: {
			buffer: Buffer.allocUnsafeSlow(64 * 1024),
			callback: (length) => {
				counters.receivedBytes += length;
				missingBytes -= length;
				if (missingBytes > 0) return true;
				if (missingBytes < 0) counters.wrong++;
				counters.answered++;
				counters.histogram.record(performance.now() * 1000 - startUs);
				send();
				return true;
			},
		},
	});
	socket.on("connect", send);
	socket.on("error", failed);
	socket.on("close", () => {
		if (counters.running) failed(new Error("server closed"));
	});
	return () => socket.destroy();
}
