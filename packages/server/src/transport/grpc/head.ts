import type { ServerCall } from "@saccade/grpc";
import type { Operation, RequestHead } from "../../endpoint/endpoint.ts";

/** A call's head in the neutral form. */
export function headOf(
	call: ServerCall,
	operation: Operation,
	receivedUs: number,
): RequestHead {
	return {
		transport: "grpc",
		operation,
		header: (name) => call.metadata.get(name),
		headers: () => call.metadata.entries(),
		transportDeadlineUs: call.deadlineUs,
		receivedUs,
		peer: call.peer,
	};
}
