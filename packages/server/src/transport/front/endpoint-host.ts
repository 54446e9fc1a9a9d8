// The core's end of one front: runs its calls on the real endpoints.
import type { MessagePort } from "node:worker_threads";
import type { UnaryEndpoint } from "../../endpoint/endpoint.ts";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { toPlainError } from "../../errors/plain-error.ts";
import { HostedInfer } from "./hosted-infer.ts";
import { Link, type LinkMemory } from "./link.ts";
import type {
	CallMessage,
	Outcome,
	QuestionMessage,
	ToCore,
	ToFront,
} from "./messages.ts";

/** What a front says of itself. */
export type FrontNews = Extract<
	ToCore,
	{ readonly kind: "listening" | "listen-failed" | "closed" }
>;

export class EndpointHost {
	readonly #endpoints: Endpoints;
	readonly #link: Link<ToCore, ToFront>;
	readonly #infer: HostedInfer;
	readonly #memory = new Map<number, Uint8Array>();
	readonly #onNews: (news: FrontNews) => void;

	constructor(
		endpoints: Endpoints,
		port: MessagePort,
		memory: LinkMemory,
		onNews: (news: FrontNews) => void,
	) {
		this.#endpoints = endpoints;
		this.#onNews = onNews;
		this.#link = new Link(port, memory, "core", {
			record: (space, at) => this.#infer.record(space, at),
			message: (message) => this.#message(message),
		});
		this.#infer = new HostedInfer(endpoints.infer, this.#link, (id) =>
			this.#memoryOf(id),
		);
	}

	/** Inferences under way. */
	get callCount(): number {
		return this.#infer.callCount;
	}

	tell(message: ToFront): void {
		this.#link.post(message);
	}

	/** The front is gone. */
	close(): void {
		this.#infer.abandon();
		this.#link.close();
		this.#memory.clear();
	}

	#message(message: ToCore): void {
		switch (message.kind) {
			case "memory":
				this.#memory.set(message.id, message.bytes);
				return;
			case "memory-freed":
				this.#memory.delete(message.id);
				return;
			case "infer":
				this.#infer.message(message);
				return;
			case "cancel":
				this.#infer.cancel(message.callId);
				return;
			case "read":
				this.#infer.read(message.callId);
				return;
			case "question":
				this.tell({ kind: "told", outcome: this.#answerTo(message) });
				return;
			case "call":
				void this.#call(message);
				return;
			default:
				this.#onNews(message);
		}
	}

	/** Messages and records have no order between them: the memory that a record names may still be on its way. */
	#memoryOf(id: number): Uint8Array {
		for (;;) {
			const memory = this.#memory.get(id);
			if (memory !== undefined) return memory;
			if (!this.#link.receiveNow())
				throw new Error(`a front names memory ${id}, which it never sent`);
		}
	}

	async #call(message: CallMessage): Promise<void> {
		const { callId, context, request } = message;
		const endpoint = this.#endpoints[
			message.endpoint as keyof Endpoints
		] as UnaryEndpoint<unknown, unknown>;
		let outcome: Outcome;
		try {
			outcome = { ok: true, value: await endpoint.run(context, request) };
		} catch (error) {
			outcome = { ok: false, error: toPlainError(error) };
		}
		this.tell({ kind: "answer", callId, outcome });
	}

	#answerTo({ name, args }: QuestionMessage): Outcome {
		try {
			const value =
				name === "inputs"
					? this.#endpoints.inputs(...(args as [string, string]))
					: this.#endpoints.rawInput(...(args as [string, string, number]));
			return { ok: true, value };
		} catch (error) {
			return { ok: false, error: toPlainError(error) };
		}
	}
}
