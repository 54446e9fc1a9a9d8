// Messages of the Foxglove WebSocket protocol, as far as this server speaks it: text messages are JSON with an `op`,
// binary ones begin with an opcode; integers are little-endian.
// https://github.com/foxglove/ws-protocol/blob/main/docs/spec.md

/** What the SDK of 2025 speaks, and what came before it; the messages here are the same in both. */
export const SUBPROTOCOLS = [
	"foxglove.sdk.v1",
	"foxglove.websocket.v1",
] as const;

const MESSAGE_DATA = 1;
const TIME = 2;
/** Opcode, subscription, time. */
const MESSAGE_HEAD_BYTES = 13;

export interface ChannelSpec {
	readonly topic: string;
	/** `protobuf`, `json`, `cdr`, `ros1`, `flatbuffer`. */
	readonly encoding: string;
	readonly schemaName: string;
	/** Text, or bytes of a binary one: a FileDescriptorSet, a flatbuffer schema. */
	readonly schema: string | Uint8Array;
	/** @default that of the encoding */
	readonly schemaEncoding?: string;
}

export type ParameterValue =
	| number
	| boolean
	| string
	| readonly ParameterValue[]
	| { readonly [key: string]: ParameterValue };

export interface Parameter {
	readonly name: string;
	/** Absent: it is not set. */
	readonly value?: ParameterValue;
	readonly type?: "byte_array" | "float64" | "float64_array";
}

export type StatusLevel = "info" | "warning" | "error";

const STATUS_LEVELS: Readonly<Record<StatusLevel, number>> = {
	info: 0,
	warning: 1,
	error: 2,
};

export function serverInfo(facts: {
	readonly name: string;
	readonly capabilities: readonly string[];
	readonly metadata: Readonly<Record<string, string>>;
	readonly sessionId: string;
}): string {
	return JSON.stringify({ op: "serverInfo", supportedEncodings: [], ...facts });
}

export function advertise(
	channels: readonly { readonly id: number; readonly spec: ChannelSpec }[],
): string {
	return JSON.stringify({
		op: "advertise",
		channels: channels.map(({ id, spec: { schema, ...spec } }) => ({
			id,
			...spec,
			schema:
				typeof schema === "string"
					? schema
					: Buffer.from(schema).toString("base64"),
		})),
	});
}

export function unadvertise(channelIds: readonly number[]): string {
	return JSON.stringify({ op: "unadvertise", channelIds });
}

/** @param requestId of the request that it answers, where there is one */
export function parameterValues(
	parameters: readonly Parameter[],
	requestId?: string,
): string {
	return JSON.stringify({ op: "parameterValues", parameters, id: requestId });
}

export function status(level: StatusLevel, message: string): string {
	return JSON.stringify({
		op: "status",
		level: STATUS_LEVELS[level],
		message,
	});
}

/** What comes before the payload of a message. */
export function messageHead(
	subscriptionId: number,
	timeNs: bigint,
): Uint8Array {
	const head = new Uint8Array(MESSAGE_HEAD_BYTES);
	const view = new DataView(head.buffer);
	view.setUint8(0, MESSAGE_DATA);
	view.setUint32(1, subscriptionId, true);
	view.setBigUint64(5, timeNs, true);
	return head;
}

export function time(timeNs: bigint): Uint8Array {
	const message = new Uint8Array(9);
	const view = new DataView(message.buffer);
	view.setUint8(0, TIME);
	view.setBigUint64(1, timeNs, true);
	return message;
}
