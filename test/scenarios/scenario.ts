// What a scenario is: a request and what must come of it, in nobody's wire format. Each transport writes the
// request its own way and brings the answer back into these shapes.
import type { TensorValues, Value } from "./tensors.ts";

export const TRANSPORTS = [
	"HTTP JSON",
	"HTTP binary",
	"HTTP JSON in chunks",
	"HTTP binary in chunks",
	"gRPC raw contents",
	"gRPC typed contents",
	"gRPC stream",
] as const;
export type TransportName = (typeof TRANSPORTS)[number];

export type Parameter = string | boolean | bigint | number;

export interface ScenarioInput extends TensorValues {
	/** Bytes in place of the values, for those who lie about them. Only raw wire forms carry them. */
	readonly bytes?: Uint8Array;
	/** Neither values nor bytes are sent. */
	readonly absent?: boolean;
	readonly parameters?: Readonly<Record<string, Parameter>>;
}

export interface ScenarioOutput {
	readonly name: string;
	readonly parameters?: Readonly<Record<string, Parameter>>;
}

export interface ScenarioRequest {
	readonly model: string;
	readonly version?: string;
	readonly id?: string;
	readonly inputs: readonly ScenarioInput[];
	readonly outputs?: readonly ScenarioOutput[];
	readonly parameters?: Readonly<Record<string, Parameter>>;
	/** HTTP headers or gRPC metadata. */
	readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
	readonly model: string;
	readonly version: string;
	readonly id: string;
	readonly outputs: readonly TensorValues[];
}

/** Statuses as the protocol has them for one kind of error. */
export const STATUS = {
	invalid: { http: 400, grpc: 3 },
	notFound: { http: 404, grpc: 5 },
	unsupported: { http: 501, grpc: 12 },
	deadline: { http: 504, grpc: 4 },
	unavailable: { http: 503, grpc: 14 },
	internal: { http: 500, grpc: 13 },
	unauthenticated: { http: 401, grpc: 16 },
} as const;
export type StatusName = keyof typeof STATUS;

export type Outcome =
	| { readonly ok: true; readonly answer: Answer }
	| {
			readonly ok: false;
			/** HTTP status or gRPC code; null where the wire has none (an error told inside a stream). */
			readonly status: number | null;
			readonly text: string;
			readonly refusedBecause: string | null;
	  };

export interface Failure {
	readonly status: StatusName;
	/** Literal part of the text: clients match it. */
	readonly text: string;
	readonly refusedBecause?: string;
}

export interface Scenario {
	readonly name: string;
	readonly request: ScenarioRequest;
	/** Outputs in order; shape and values of each. */
	readonly answers?: {
		readonly id?: string;
		readonly version?: string;
		readonly outputs: readonly (readonly [
			name: string,
			shape: readonly number[],
			values: readonly Value[],
		])[];
	};
	readonly fails?: Failure;
	/** Transports whose wire can carry it. @default all */
	readonly only?: readonly TransportName[];
}

export interface ScenarioTransport {
	readonly name: TransportName;
	readonly kind: "http" | "grpc";
	infer(request: ScenarioRequest, signal?: AbortSignal): Promise<Outcome>;
	close(): void;
}
