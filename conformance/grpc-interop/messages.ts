// Messages of the interop service, read from its .proto, and what they look like in TypeScript.
import { join } from "node:path";
import protobuf from "protobufjs";

export interface Payload {
	readonly type?: number;
	readonly body: Uint8Array;
}

interface BoolValue {
	readonly value: boolean;
}

export interface EchoStatus {
	readonly code: number;
	readonly message: string;
}

export interface SimpleRequest {
	readonly responseSize?: number;
	readonly payload?: Payload | null;
	readonly responseCompressed?: BoolValue | null;
	readonly expectCompressed?: BoolValue | null;
	readonly responseStatus?: EchoStatus | null;
}

export interface SimpleResponse {
	readonly payload?: Payload;
}

export interface InputRequest {
	readonly payload?: Payload | null;
	readonly expectCompressed?: BoolValue | null;
}

export interface InputResponse {
	readonly aggregatedPayloadSize: number;
}

export interface ResponseParameters {
	readonly size: number;
	readonly intervalUs?: number;
	readonly compressed?: BoolValue | null;
}

export interface OutputRequest {
	readonly responseParameters?: readonly ResponseParameters[];
	readonly payload?: Payload | null;
	readonly responseStatus?: EchoStatus | null;
}

export interface MessageCodec<Message> {
	readonly decode: (bytes: Uint8Array) => Message;
	readonly encode: (message: Message) => Buffer;
}

const PROTO = join(import.meta.dirname, "proto/grpc/testing/test.proto");
const root = new protobuf.Root().loadSync(PROTO);

function codec<Message extends object>(name: string): MessageCodec<Message> {
	const type = root.lookupType(`grpc.testing.${name}`);
	return {
		decode: (bytes) => type.decode(bytes) as Message,
		encode: (message) =>
			Buffer.from(type.encode(type.fromObject(message)).finish()),
	};
}

export const emptyMessage = codec<object>("Empty");
export const simpleRequest = codec<SimpleRequest>("SimpleRequest");
export const simpleResponse = codec<SimpleResponse>("SimpleResponse");
export const inputRequest = codec<InputRequest>("StreamingInputCallRequest");
export const inputResponse = codec<InputResponse>("StreamingInputCallResponse");
export const outputRequest = codec<OutputRequest>("StreamingOutputCallRequest");
export const outputResponse = codec<SimpleResponse>(
	"StreamingOutputCallResponse",
);
