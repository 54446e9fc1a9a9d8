// The one place where an OrtStatus becomes an error. The status is released here.
import type { ErrorCode } from "@saccade/protocol";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { OrtApi, Status } from "./native.ts";

/** Throws `code` with the runtime's own reason when `status` is a failure. */
export function check(
	api: OrtApi,
	status: Status,
	code: ErrorCode,
	doing: string,
): void {
	if (status !== null) throw toError(api, status, code, doing);
}

/** Takes ownership of `status`. */
export function toError(
	api: OrtApi,
	status: bigint,
	code: ErrorCode,
	doing: string,
): SaccadeError {
	const reason = api.GetErrorMessage(status);
	api.ReleaseStatus(status);
	return new SaccadeError(code, `${doing}: ${reason}`);
}
