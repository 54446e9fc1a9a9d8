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
export type { Device, DeviceKind, DeviceMemory } from "./devices/device.ts";
export { isSaccadeError, SaccadeError } from "./errors/saccade-error.ts";
export type {
	CanaryReport,
	CanarySide,
	OutputDifference,
	PhaseDuration,
	ShadowReport,
	Swap,
	SwapCause,
	SwapEvent,
	SwapFailure,
	SwapListener,
	SwapOutcome,
	VersionIdentity,
} from "./models/swap-events.ts";
export type {
	CloudLayout,
	CloudPayload,
	Frame,
	FramePayload,
	ImagePayload,
	ImuPayload,
	TensorsPayload,
} from "./pipelines/frame.ts";
export type {
	CameraCalibration,
	Decision,
	FrameContext,
	FrameProcessor,
	FrameResult,
	FrameTransform,
	JoinRule,
	Pipeline,
	PipelineCatalogue,
	SensorDescription,
	StageSpan,
	StreamOpening,
	Target,
} from "./pipelines/pipeline.ts";
export type {
	DropPolicy,
	Liveliness,
	QosProfile,
	Reliability,
	RequestedQos,
} from "./pipelines/qos-profile.ts";
export type { ScalarRule } from "./pipelines/scalar-pipeline.ts";
export type {
	ClockDomain,
	ClockExchange,
	Credit,
	FrameOutcome,
	InputAge,
	Reading,
	SensorEvent,
	SensorEventKind,
	SensorStream,
	StreamListener,
	StreamRequest,
	StreamTotals,
} from "./streams/stream.ts";
export {
	createLogger,
	type Logger,
	type LogLevel,
} from "./telemetry/logger.ts";
