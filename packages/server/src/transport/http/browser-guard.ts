// A browser runs strangers' pages, and "it is only local" does not keep them out:
//   * a page's own name may be made to point here (DNS rebinding): only known Host names are answered;
//   * a page may send requests to other origins: those that carry a foreign Origin may not change state;
//   * no CORS header is ever sent, so no page but our own can read an answer.
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { Exchange } from "./exchange.ts";

export interface BrowserGuardOptions {
	/** Besides loopback names and addresses; `*` answers any. */
	readonly allowedHosts: readonly string[];
	readonly allowedOrigins: readonly string[];
}

type GuardedRequest = Pick<Exchange, "header" | "httpVersion">;

const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/i;
/** A literal address cannot be rebound. */
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i;

export class BrowserGuard {
	readonly #hosts: ReadonlySet<string>;
	readonly #origins: ReadonlySet<string>;

	constructor(options: BrowserGuardOptions) {
		this.#hosts = new Set(
			options.allowedHosts.map((host) => host.toLowerCase()),
		);
		this.#origins = new Set(options.allowedOrigins);
	}

	/** Null when the request may go on; PERMISSION_DENIED otherwise, INVALID_ARGUMENT for a request without Host. */
	check(request: GuardedRequest, changesState: boolean): SaccadeError | null {
		const host = request.header("host");
		if (host === undefined) return withoutHost(request);
		const name = host.replace(/:\d+$/, "").toLowerCase();
		if (!this.#knowsHost(name))
			return new SaccadeError(
				"PERMISSION_DENIED",
				`host '${name.slice(0, 100)}' is not one that this server answers to; allow it with --allowed-hosts`,
			);
		const origin = request.header("origin");
		if (origin === undefined || !changesState) return null;
		const isOwn = origin === `http://${host}` || origin === `https://${host}`;
		if (isOwn || this.#origins.has(origin)) return null;
		return new SaccadeError(
			"PERMISSION_DENIED",
			`origin '${origin.slice(0, 100)}' may not change this server; allow it with --allowed-origins`,
		);
	}

	#knowsHost(name: string): boolean {
		return (
			this.#hosts.has("*") ||
			this.#hosts.has(name) ||
			LOOPBACK.test(name) ||
			ADDRESS.test(name)
		);
	}
}

/** HTTP/1.1 demands it (RFC 9112, 3.2); before that there was none, and no browser of that age is left. */
function withoutHost({ httpVersion }: GuardedRequest): SaccadeError | null {
	return httpVersion === "1.0"
		? null
		: new SaccadeError("INVALID_ARGUMENT", "the header Host is missing");
}
