// The console as a use case: its files, and what it follows.
import type { ConsoleFile } from "./console-files.ts";
import type { ConsoleListener, ConsoleSubscription } from "./feed.ts";

export interface ConsoleFileRequest {
	/** As in the address. */
	readonly path: string;
	/** Codings that the browser takes: `br`, `gzip`. */
	readonly codings: readonly string[];
}

export interface ConsoleService {
	/** Null: there is no such file, or the console was never built. */
	file(request: ConsoleFileRequest): Promise<ConsoleFile | null>;
	/** Throws UNAVAILABLE when there are too many. */
	follow(listener: ConsoleListener): ConsoleSubscription;
}
