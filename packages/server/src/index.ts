// The server as a library: what the command does is a call of this.
export {
	type Addresses,
	createServer,
	type Server,
	type ServerDependencies,
} from "./app/server.ts";
export type { ServerOptions } from "./config/options.ts";
export {
	type Resolved,
	resolveOptions,
	type Sources,
} from "./config/resolve.ts";
export { isSaccadeError, SaccadeError } from "./errors/saccade-error.ts";
export {
	createLogger,
	type Logger,
	type LogLevel,
} from "./telemetry/logger.ts";
