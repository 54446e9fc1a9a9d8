// What becomes of a request: guard, route, phase `open`, then infer or a small endpoint.
import type { Clock } from "../../common/clock.ts";
import type { CallContext, RequestHead } from "../../endpoint/endpoint.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { toSaccadeError } from "../../errors/saccade-error.ts";
import type { SlotPool } from "../../tensor/slot-pool.ts";
import { answerError, refuseEarly, refuseWith } from "./answer.ts";
import { type Body, readBody } from "./body.ts";
import { BrowserGuard, type BrowserGuardOptions } from "./browser-guard.ts";
import type { Exchange } from "./exchange.ts";
import { handleInfer, type InferFormat, type InferTools } from "./infer.ts";
import { runJsonTask } from "./json/json-task.ts";
import { JsonThread } from "./json/json-thread.ts";
import { KnownHeads } from "./json/known-heads.ts";
import type { HttpLimits } from "./limits.ts";
import type { ParsedLoad } from "./load.ts";
import { LoopTurns } from "./loop-turns.ts";
import { type Route, Router } from "./routes.ts";
import { endpointOf, handleUnary } from "./unary.ts";
import { UnreadAnswers } from "./unread-answers.ts";

export interface HandlerOptions {
	readonly endpoints: Endpoints;
	readonly pool: SlotPool;
	readonly clock: Clock;
	readonly strictTriton: boolean;
	readonly guard: BrowserGuardOptions;
}

/** Bodies of the small endpoints, file overrides in base64 included. */
const OVERRIDE_FACTOR = 2;

export class HttpHandler {
	readonly #options: HandlerOptions;
	readonly #limits: HttpLimits;
	readonly #tools: InferTools;
	readonly #guard: BrowserGuard;
	readonly #router = new Router();

	constructor(options: HandlerOptions, limits: HttpLimits) {
		this.#options = options;
		this.#limits = limits;
		this.#guard = new BrowserGuard(options.guard);
		this.#tools = {
			endpoints: options.endpoints,
			limits: { pool: options.pool, maxInputBytes: limits.maxInputBytes },
			jsonOnLoopBytes: limits.jsonOnLoopBytes,
			thread: new JsonThread(),
			heads: new KnownHeads(),
			turns: new LoopTurns(),
			unread: new UnreadAnswers(limits),
			strictTriton: options.strictTriton,
			lingerMs: limits.lingerMs,
		};
	}

	close(): Promise<void> {
		return this.#tools.thread.close();
	}

	/** The head is here. Before this returns, the request is answered, or somebody reads its body. */
	handle(exchange: Exchange): void {
		try {
			const route = this.#route(exchange);
			if (route === null) return;
			const { operation, open } = endpointOf(
				this.#options.endpoints,
				route,
				exchange.method === "POST",
			);
			const opened = open(this.#headOf(exchange, operation));
			if (!opened.ok) {
				refuseEarly(exchange, opened.error, this.#tools);
				return;
			}
			if (isInferFormat(route.name))
				handleInfer(
					this.#tools,
					opened.context,
					exchange,
					{ modelName: route.model, modelVersion: route.version },
					route.name,
				);
			else this.#unary(exchange, route, opened.context);
			// Told to go on only when the head was accepted.
			if (exchange.awaitsContinue && !exchange.isAnswered)
				exchange.tellContinue();
		} catch (error) {
			refuseEarly(exchange, toSaccadeError(error), this.#tools);
		}
	}

	/** Null when it was answered: guard, 404, 405, 431. */
	#route(exchange: Exchange): Route | null {
		const { maxHeaderCount, lingerMs } = this.#limits;
		const { method, headerCount } = exchange;
		if (headerCount > maxHeaderCount) {
			const text = `a request has at most ${maxHeaderCount} header lines, this one has ${headerCount}`;
			refuseWith(exchange, 431, text, lingerMs);
			return null;
		}
		const refusal = this.#guard.check(exchange, method !== "GET");
		if (refusal !== null) {
			refuseEarly(exchange, refusal, this.#tools);
			return null;
		}
		const route = this.#router.match(exchange.target);
		if (route === null) {
			refuseWith(exchange, 404, "Not Found", lingerMs);
			return null;
		}
		if (route.methods.some((allowed) => allowed === method)) return route;
		const allow = { allow: route.methods.join(", ") };
		refuseWith(exchange, 405, "Method Not Allowed", lingerMs, allow);
		return null;
	}

	#unary(exchange: Exchange, route: Route, context: CallContext): void {
		const { endpoints, strictTriton, pool } = this.#options;
		const { jsonOnLoopBytes, ...limits } = this.#limits;
		const maxInputBytes = limits.maxInputBytes * OVERRIDE_FACTOR;
		const isPost = exchange.method === "POST";
		const landing = {
			pool,
			maxInputBytes,
			ownAboveBytes: jsonOnLoopBytes,
			alignAt: 0,
		};
		readBody(exchange, landing, (error, body) => {
			if (error !== null) refuseEarly(exchange, error, this.#tools);
			if (body === null) return;
			const { bytes, lease } = body;
			const load = () => this.#parseLoad(body, maxInputBytes);
			handleUnary(
				endpoints,
				{ route, isPost, context, body: bytes, load },
				exchange,
			)
				.catch((failure: unknown) =>
					answerError(exchange, toSaccadeError(failure), strictTriton),
				)
				.finally(() => lease.release());
		});
	}

	async #parseLoad(
		{ bytes, isOwned }: Body,
		maxJsonBytes: number,
	): Promise<ParsedLoad> {
		const { jsonOnLoopBytes, thread } = this.#tools;
		const body = { bytes, jsonLength: null, maxJsonBytes };
		const task = { kind: "load", body } as const;
		if (bytes.byteLength <= jsonOnLoopBytes) return runJsonTask(task);
		const owned = isOwned ? bytes : bytes.slice();
		return new Promise((resolve, reject) => {
			thread.run({ ...task, body: { ...body, bytes: owned } }, (error, load) =>
				load === null ? reject(error) : resolve(load),
			);
		});
	}

	#headOf(
		exchange: Exchange,
		operation: RequestHead["operation"],
	): RequestHead {
		return {
			transport: "http",
			operation,
			header: (name) => exchange.header(name),
			headers: () => exchange.headers(),
			transportDeadlineUs: Number.POSITIVE_INFINITY,
			receivedUs: this.#options.clock.nowUs(),
			peer: exchange.peer,
		};
	}
}

function isInferFormat(name: Route["name"]): name is InferFormat {
	return name === "infer" || name === "generate" || name === "generateStream";
}
