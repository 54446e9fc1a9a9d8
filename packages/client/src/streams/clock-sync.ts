// One exchange of instants with the server, as in NTP (RFC 5905, 8): by it the shortest way can be told from an offset.
//
//   client_send ─▶ server_receive, server_send ─▶ client_receive, told back
import { create, toBinary } from "@bufbuild/protobuf";
import {
	type ClockSync,
	SensorReadingSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";

export class ClockSyncs {
	/** Devices of exchanges that are under way, by their first instant. */
	readonly #open = new Map<bigint, string>();

	begin(deviceId: string, nowNs: bigint): Uint8Array {
		// Each is known by its instant.
		let clientSendNs = nowNs;
		while (this.#open.has(clientSendNs)) clientSendNs++;
		this.#open.set(clientSendNs, deviceId);
		return encode(deviceId, { clientSendNs });
	}

	/** What to tell the server of its answer; null: nobody asked. */
	end(answer: ClockSync, nowNs: bigint): Uint8Array | null {
		const { clientSendNs, serverReceiveNs, serverSendNs } = answer;
		const deviceId = this.#open.get(clientSendNs);
		if (deviceId === undefined) return null;
		this.#open.delete(clientSendNs);
		return encode(deviceId, {
			...{ clientSendNs, serverReceiveNs, serverSendNs },
			clientReceiveNs: nowNs,
		});
	}
}

function encode(
	deviceId: string,
	value: Readonly<Record<string, bigint>>,
): Uint8Array {
	return toBinary(
		SensorReadingSchema,
		create(SensorReadingSchema, {
			deviceId,
			content: { case: "clockSync", value },
		}),
	);
}
