/** Lower-case names of the HTTP headers and gRPC metadata that both ends agree on. */
export const HEADER = {
	inferenceHeaderLength: "inference-header-content-length",
	deadlineMs: "saccade-deadline-ms",
	errorCode: "saccade-error-code",
	refusedBecause: "saccade-refused-because",
	tritonGrpcError: "triton_grpc_error",
	traceparent: "traceparent",
	tracestate: "tracestate",
	/** By which the server can explain an answer: https://w3c.github.io/trace-context/#traceresponse-header */
	traceresponse: "traceresponse",
} as const;

/** Request parameters with a meaning of their own. */
export const PARAMETER = {
	binaryDataOutput: "binary_data_output",
	binaryData: "binary_data",
	binaryDataSize: "binary_data_size",
	classification: "classification",
	sharedMemoryRegion: "shared_memory_region",
	sharedMemoryByteSize: "shared_memory_byte_size",
	sharedMemoryOffset: "shared_memory_offset",
	sequenceId: "sequence_id",
	sequenceStart: "sequence_start",
	sequenceEnd: "sequence_end",
	priority: "priority",
	timeout: "timeout",
	deadlineMs: "deadline_ms",
	headers: "headers",
	tritonFinalResponse: "triton_final_response",
	tritonEnableEmptyFinalResponse: "triton_enable_empty_final_response",
} as const;
