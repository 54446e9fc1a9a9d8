// The interop service as grpc-js sees it: a client that shares no code with the server.
import {
	type CallOptions,
	type ChannelOptions,
	type ClientDuplexStream,
	type ClientReadableStream,
	type ClientUnaryCall,
	type ClientWritableStream,
	credentials,
	Metadata,
	makeGenericClientConstructor,
	type ServiceError,
	type StatusObject,
} from "@grpc/grpc-js";
import {
	emptyMessage,
	type InputRequest,
	type InputResponse,
	inputRequest,
	inputResponse,
	type MessageCodec,
	type OutputRequest,
	outputRequest,
	outputResponse,
	type SimpleRequest,
	type SimpleResponse,
	simpleRequest,
	simpleResponse,
} from "./messages.ts";

function method<Request, Response>(
	name: string,
	request: MessageCodec<Request>,
	response: MessageCodec<Response>,
	streams: { readonly in?: true; readonly out?: true } = {},
	service = "TestService",
) {
	return {
		path: `/grpc.testing.${service}/${name}`,
		requestStream: streams.in === true,
		responseStream: streams.out === true,
		requestSerialize: request.encode,
		requestDeserialize: request.decode,
		responseSerialize: response.encode,
		responseDeserialize: response.decode,
	};
}

const both = { in: true, out: true } as const;
const Client = makeGenericClientConstructor(
	{
		emptyCall: method("EmptyCall", emptyMessage, emptyMessage),
		unaryCall: method("UnaryCall", simpleRequest, simpleResponse),
		streamingInputCall: method(
			"StreamingInputCall",
			inputRequest,
			inputResponse,
			{ in: true },
		),
		streamingOutputCall: method(
			"StreamingOutputCall",
			outputRequest,
			outputResponse,
			{ out: true },
		),
		fullDuplexCall: method(
			"FullDuplexCall",
			outputRequest,
			outputResponse,
			both,
		),
		halfDuplexCall: method(
			"HalfDuplexCall",
			outputRequest,
			outputResponse,
			both,
		),
		unimplementedCall: method("UnimplementedCall", emptyMessage, emptyMessage),
		unimplementedService: method(
			"UnimplementedCall",
			emptyMessage,
			emptyMessage,
			{},
			"UnimplementedService",
		),
	},
	"TestService",
);

type Done<Response> = (error: ServiceError | null, response?: Response) => void;
type Unary<Request, Response> = (
	request: Request,
	metadata: Metadata,
	options: CallOptions,
	done: Done<Response>,
) => ClientUnaryCall;
type Duplex = (
	metadata: Metadata,
	options?: CallOptions,
) => ClientDuplexStream<OutputRequest, SimpleResponse>;

export interface InteropClient {
	readonly emptyCall: Unary<object, object>;
	readonly unaryCall: Unary<SimpleRequest, SimpleResponse>;
	readonly unimplementedCall: Unary<object, object>;
	readonly unimplementedService: Unary<object, object>;
	readonly streamingInputCall: (
		metadata: Metadata,
		options: CallOptions,
		done: Done<InputResponse>,
	) => ClientWritableStream<InputRequest>;
	readonly streamingOutputCall: (
		request: OutputRequest,
		metadata?: Metadata,
		options?: CallOptions,
	) => ClientReadableStream<SimpleResponse>;
	readonly fullDuplexCall: Duplex;
	readonly halfDuplexCall: Duplex;
	close(): void;
}

export function createClient(
	port: number,
	options: ChannelOptions = {},
): InteropClient {
	return new Client(
		`127.0.0.1:${port}`,
		credentials.createInsecure(),
		options,
	) as unknown as InteropClient;
}

export interface UnaryResult<Response> {
	readonly error: ServiceError | null;
	readonly response: Response | undefined;
	readonly initial: Metadata | null;
	readonly status: StatusObject;
}

/** One call, to its very end. */
export async function callUnary<Request, Response>(
	unary: Unary<Request, Response>,
	request: Request,
	metadata: Metadata = new Metadata(),
	options: CallOptions = {},
): Promise<UnaryResult<Response>> {
	const { promise, resolve } = Promise.withResolvers<UnaryResult<Response>>();
	const answer: {
		error: ServiceError | null;
		response: Response | undefined;
		initial: Metadata | null;
	} = { error: null, response: undefined, initial: null };
	const call = unary(request, metadata, options, (error, response) => {
		answer.error = error;
		answer.response = response;
	});
	call.on("metadata", (initial) => {
		answer.initial = initial;
	});
	call.on("status", (status) => {
		// The callback comes in the same turn.
		setImmediate(() => resolve({ ...answer, status }));
	});
	return promise;
}
