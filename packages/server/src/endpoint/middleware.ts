// Neutral middleware of phase `open`: each looks at the head, refuses, or adds to the context.
import { HEADER } from "@saccade/protocol";
import { SaccadeError, toSaccadeError } from "../errors/saccade-error.ts";
import { serverExiting } from "../service/health-service.ts";
import { deadlineFromMs } from "./deadline.ts";
import type {
	CallContext,
	Opened,
	OpenPhase,
	RequestHead,
} from "./endpoint.ts";

// Transports see endpoint types only.
export { serverExiting } from "../service/health-service.ts";

export type OpenMiddleware = (next: OpenPhase) => OpenPhase;

/** The innermost phase: what the head says by itself. */
export const openContext: OpenPhase = (head) => {
	const context: CallContext = {
		deadlineUs: head.transportDeadlineUs,
		receivedUs: head.receivedUs,
		trace: null,
		transport: head.transport,
	};
	return { ok: true, context };
};

function refuse(error: SaccadeError): Opened {
	return { ok: false, error };
}

/** The earlier of the transport's deadline and header `saccade-deadline-ms`. */
export const withDeadline: OpenMiddleware = (next) => (head) => {
	const opened = next(head);
	const text = head.header(HEADER.deadlineMs);
	if (!opened.ok || text === undefined) return opened;
	try {
		const deadlineUs = deadlineFromMs(text, head.receivedUs, HEADER.deadlineMs);
		if (deadlineUs >= opened.context.deadlineUs) return opened;
		return { ok: true, context: { ...opened.context, deadlineUs } };
	} catch (error) {
		return refuse(toSaccadeError(error));
	}
};

const NEEDS_ADMIN: ReadonlySet<string> = new Set([
	"repository.load",
	"repository.unload",
	"trace.set",
	"logging.set",
	"shared-memory.register",
	"shared-memory.unregister",
	"sensor.register",
	"sensor.unregister",
	"recording.start",
	"recording.stop",
	"recording.status",
]);

/** Guards what changes the server's state, or tells of its files, and says who it is. @param token null: open */
export function withAdminToken(token: string | null): OpenMiddleware {
	const isBearer = token === null ? null : bearerCheck(token);
	return (next) => (head) => {
		if (!NEEDS_ADMIN.has(head.operation)) return next(head);
		if (isBearer === null) return named(next(head), head, "");
		return isBearer(head)
			? named(next(head), head, ", with the admin token")
			: refuse(
					new SaccadeError(
						"UNAUTHENTICATED",
						`${head.operation} needs the admin token: send 'authorization: Bearer <token>'`,
					),
				);
	};
}

function named(opened: Opened, head: RequestHead, how: string): Opened {
	if (!opened.ok) return opened;
	const caller = `${head.transport} ${head.peer}${how}`;
	return { ok: true, context: { ...opened.context, caller } };
}

function bearerCheck(token: string): (head: RequestHead) => boolean {
	// Loaded by who has a token: most starts need nothing of it.
	const { createHash, timingSafeEqual } =
		process.getBuiltinModule("node:crypto");
	// Digests have one length, so the comparison takes the same time whatever was sent.
	const digest = (text: string) => createHash("sha256").update(text).digest();
	const expected = digest(token);
	return (head) => {
		const header = head.header("authorization") ?? "";
		const given = /^Bearer (.+)$/i.exec(header)?.[1];
		return given !== undefined && timingSafeEqual(digest(given), expected);
	};
}

/** Turns requests away while the server drains; health still answers. */
export function withDraining(isDraining: () => boolean): OpenMiddleware {
	return (next) => (head) =>
		isDraining() && head.operation !== "health"
			? refuse(serverExiting())
			: next(head);
}

/** The first of `middleware` is outermost. */
export function composeOpen(middleware: readonly OpenMiddleware[]): OpenPhase {
	return middleware.reduceRight((next, wrap) => wrap(next), openContext);
}
