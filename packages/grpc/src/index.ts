export type * from "./api.ts";
export { Status } from "./api.ts";
export { type StatusDetail, statusDetails } from "./grpc/status-details.ts";
export { GrpcError } from "./grpc-error.ts";
export { HpackDecoder } from "./hpack/decoder.ts";
export type { ConnectionLimits } from "./http2/limits.ts";
export type { Codec } from "./methods/answer-sender.ts";
export {
	type BidiOptions,
	bidiMethod,
	type ClientStreamOptions,
	clientStreamMethod,
	type ServerStreamOptions,
	serverStreamMethod,
	type UnaryOptions,
	unaryMethod,
} from "./methods/methods.ts";
export type { GrpcServerOptions } from "./options.ts";
export {
	createGrpcServer,
	type GrpcServer,
	type GrpcServerStats,
	type ListenAddress,
} from "./server.ts";
