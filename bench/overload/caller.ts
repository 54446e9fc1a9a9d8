// Calls over one connection that obeys flow control, each told how it ended.
import type {
	ConnectionEvents,
	OpenCall,
} from "../../packages/server/src/load-generator/connection.ts";
import { GrpcLoadConnection } from "../../packages/server/src/load-generator/grpc-connection.ts";
import { INFER_PATH } from "../../packages/server/src/load-generator/http2-frames.ts";

export const nowUs = (): number => performance.now() * 1000;

export class Caller {
	readonly #connection: GrpcLoadConnection;

	constructor(
		port: number,
		message: Uint8Array,
		answered: ConnectionEvents["answered"],
	) {
		this.#connection = new GrpcLoadConnection(
			{ host: "127.0.0.1", port, tellsDeadline: true },
			INFER_PATH,
			[message],
			{
				answered,
				failed: (error) => {
					throw error;
				},
			},
		);
	}

	/** @param deadlineUs absolute */
	call(deadlineUs: number): OpenCall {
		const call: OpenCall = {
			index: 0,
			scheduledUs: nowUs(),
			deadlineUs,
			state: "waiting",
			streamId: 0,
			sentBytes: 0,
			windowBytes: 0,
			parts: [],
		};
		this.#connection.submit(call);
		this.#connection.flush();
		return call;
	}

	close(): void {
		this.#connection.destroy();
	}
}
