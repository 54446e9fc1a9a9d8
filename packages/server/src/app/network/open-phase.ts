// Phase `open` of all endpoints, from the options: the same in every thread that has network connections.
import { readFileSync } from "node:fs";
import type { ServerOptions } from "../../config/options.ts";
import type { OpenPhase } from "../../endpoint/endpoint.ts";
import { withForwardedHeaders } from "../../endpoint/header-forward.ts";
import {
	composeOpen,
	withAdminToken,
	withDeadline,
	withDraining,
} from "../../endpoint/middleware.ts";
import { type TracingOptions, withTracing } from "../../endpoint/tracing.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";

/** @param tracing null: nobody traces @throws SaccadeError INVALID_ARGUMENT when the admin token is too short */
export function createOpenPhase(
	options: ServerOptions,
	isDraining: () => boolean,
	tracing: TracingOptions | null,
): OpenPhase {
	return composeOpen([
		withTracing(tracing),
		withDraining(isDraining),
		withForwardedHeaders({
			http: options.httpHeaderForwardPattern,
			grpc: options.grpcHeaderForwardPattern,
		}),
		withAdminToken(readToken(options.adminTokenFile)),
		withDeadline,
	]);
}

function readToken(file: string): string | null {
	if (file === "") return null;
	const token = readFileSync(file, "utf8").trim();
	if (token.length < 16)
		throw new SaccadeError(
			"INVALID_ARGUMENT",
			`the admin token in ${file} has ${token.length} characters; use at least 16`,
		);
	return token;
}
