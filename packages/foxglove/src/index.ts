export type {
	ChannelSpec,
	Parameter,
	ParameterValue,
	StatusLevel,
} from "./protocol.ts";
export { SUBPROTOCOLS } from "./protocol.ts";
export {
	type Channel,
	FoxgloveServer,
	type FoxgloveServerOptions,
	type FoxgloveStats,
	type ParameterStore,
} from "./server.ts";
