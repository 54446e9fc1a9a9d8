// Rich errors: `google.rpc.Status` in the trailer `grpc-status-details-bin`, which clients of most languages decode.
// https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto
import type { Status } from "../api.ts";

/** A protobuf message of any type, as `google.protobuf.Any` has it. */
export interface StatusDetail {
	/** `type.googleapis.com/google.rpc.BadRequest`, for example. */
	readonly typeUrl: string;
	/** The message, encoded. */
	readonly value: Uint8Array;
}

/** The trailer for `call.finish` or `GrpcError`. `status` and `message` repeat those of the call. */
export function statusDetails(
	status: Status,
	message: string,
	details: readonly StatusDetail[],
): readonly [name: string, value: Uint8Array] {
	const code = Buffer.from([tag(1, VARINT), status]);
	const encoded = details.map(({ typeUrl, value }) =>
		field(3, Buffer.concat([field(1, Buffer.from(typeUrl)), field(2, value)])),
	);
	return [
		"grpc-status-details-bin",
		Buffer.concat([code, field(2, Buffer.from(message)), ...encoded]),
	];
}

// https://protobuf.dev/programming-guides/encoding/
const VARINT = 0;
const LENGTH_DELIMITED = 2;

function tag(number: number, wireType: number): number {
	return (number << 3) | wireType;
}

function field(number: number, bytes: Uint8Array): Buffer {
	const head = [tag(number, LENGTH_DELIMITED)];
	let length = bytes.byteLength;
	for (; length >= 0x80; length >>>= 7) head.push((length & 0x7f) | 0x80);
	return Buffer.concat([Buffer.from([...head, length]), bytes]);
}
