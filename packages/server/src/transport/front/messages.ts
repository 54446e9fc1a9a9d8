// What a front and the core say to each other besides records. All of it is plain data.
import type { AddressInfo } from "node:net";
import type { CallContext, InferRequest } from "../../endpoint/endpoint.ts";
import type { PlainError } from "../../errors/plain-error.ts";
import type { SamplingChange } from "../../telemetry/tracing/model-sampling.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { MemoryMessage } from "./shared-memory.ts";

/** An inference that no record can carry: its parameters, its sequence, its many inputs, memory that is not shared. */
export interface InferMessage {
	readonly kind: "infer";
	readonly callId: number;
	readonly context: CallContext;
	readonly request: Omit<InferRequest, "lease">;
}

/** A small endpoint's call; answered by `answer` with the same number. */
export interface CallMessage {
	readonly kind: "call";
	readonly callId: number;
	readonly endpoint: string;
	readonly context: CallContext;
	readonly request: unknown;
}

/** What a front needs to know at once; it waits for the answer. */
export interface QuestionMessage {
	readonly kind: "question";
	readonly name: "inputs" | "rawInput";
	readonly args: readonly unknown[];
}

export type Outcome =
	| { readonly ok: true; readonly value: unknown }
	| { readonly ok: false; readonly error: PlainError };

interface FrontAddresses {
	readonly http: AddressInfo | null;
	readonly grpc: AddressInfo | null;
}

export type ToCore =
	| MemoryMessage
	| InferMessage
	| CallMessage
	| QuestionMessage
	| { readonly kind: "cancel"; readonly callId: number }
	/** The answer's tensors were read: `callId` of a `response`. */
	| { readonly kind: "read"; readonly callId: number }
	| { readonly kind: "listening"; readonly addresses: FrontAddresses }
	| { readonly kind: "listen-failed"; readonly error: PlainError }
	| { readonly kind: "closed" };

export type ToFront =
	| {
			readonly kind: "answer";
			readonly callId: number;
			readonly outcome: Outcome;
	  }
	| { readonly kind: "told"; readonly outcome: Outcome }
	/** An inference's answer that no record can carry; its tensors lie in shared memory until `read`. */
	| {
			readonly kind: "response";
			readonly callId: number;
			readonly modelVersion: string;
			readonly parameters: InferRequest["parameters"];
			readonly outputs: readonly Tensor[];
			readonly isReleased: boolean;
	  }
	/** Which models serve has changed: what was told of them is out of date. */
	| { readonly kind: "models-changed" }
	| SamplingChange
	| { readonly kind: "listen"; readonly ports: FrontPorts }
	| { readonly kind: "drain" }
	| { readonly kind: "close"; readonly graceMs: number };

/** Ports to listen on; 0: any free one. */
export interface FrontPorts {
	readonly http: number;
	readonly grpc: number;
}
