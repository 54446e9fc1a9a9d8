export type * from "./api.ts";
export { Status } from "./api.ts";
export {
	bidiMethod,
	GrpcError,
	type MessageCodec,
	type StreamOptions,
	serverStreamMethod,
	type UnaryOptions,
	unaryMethod,
} from "./handlers.ts";
export type { ConnectionLimits } from "./http2/limits.ts";
export type { GrpcServerOptions } from "./options.ts";
export {
	createGrpcServer,
	type GrpcServer,
	type GrpcServerStats,
	type ListenAddress,
} from "./server.ts";
