// The part that runs anywhere, browsers included; `@saccade/client/grpc` is for Node.
export { ClientError, isClientError } from "./client-error.ts";
export { HttpClient } from "./http/http-client.ts";
export type {
	InferenceClient,
	InferRequest,
	InferResponse,
	Tensor,
	TraceContext,
} from "./inference.ts";
export { type ClientClock, performanceClock } from "./streams/client-clock.ts";
export {
	type Command,
	commandOf,
	type Decision,
	type HeldCommand,
	type Target,
} from "./streams/command.ts";
export type {
	CameraCalibration,
	FrameTransform,
	Opening,
	QosOffer,
	SensorDescription,
} from "./streams/opening.ts";
export type {
	FrameOutcome,
	OutputTensor,
	SensorEvent,
	StageTime,
	StreamTotals,
} from "./streams/outcome.ts";
export type { MessagePipe, OpenPipe, PipeListener } from "./streams/pipe.ts";
export type {
	CloudPayload,
	ImagePayload,
	ImuPayload,
	PackedField,
	Payload,
	Reading,
	TensorsPayload,
	Vector3,
} from "./streams/reading.ts";
export {
	type SendAnswer,
	SensorStream,
	type StreamListener,
} from "./streams/sensor-stream.ts";
