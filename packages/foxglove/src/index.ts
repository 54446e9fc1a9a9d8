export type { Channel } from "./channel.ts";
export type { ParameterStore } from "./parameters.ts";
export type {
	ChannelSpec,
	Parameter,
	ParameterValue,
	StatusLevel,
} from "./protocol.ts";
export { SUBPROTOCOLS } from "./protocol.ts";
export {
	FoxgloveServer,
	type FoxgloveServerOptions,
	type FoxgloveStats,
} from "./server.ts";
