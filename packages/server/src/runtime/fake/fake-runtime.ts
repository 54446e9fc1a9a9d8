// A deterministic backend: models are JSON files, runs take what their latency curve says on the injected clock.
// For tests of everything above a runtime, and for benchmarks of scheduling on simulated devices.
import { readFile } from "node:fs/promises";
import { type Clock, systemClock } from "../../common/clock.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";
import type { TensorSpec } from "../../tensor/tensor.ts";
import type {
	Binding,
	BindRequest,
	LoadOptions,
	ModelSource,
	Runtime,
	Session,
} from "../runtime.ts";
import { FakeBinding } from "./fake-binding.ts";
import type { FakeModel } from "./model-file.ts";

export class FakeRuntime implements Runtime {
	readonly name = "fake";
	readonly version = "1";
	readonly #clock: Clock;
	readonly #sessions = new Set<FakeSession>();

	constructor(clock: Clock = systemClock) {
		this.#clock = clock;
	}

	async load(source: ModelSource, options: LoadOptions): Promise<Session> {
		const [provider] = options.providers ?? [];
		if (provider !== undefined)
			throw new SaccadeError(
				"UNSUPPORTED",
				`the fake runtime has no provider '${provider.name}'`,
			);
		// Loaded when a model asks for this backend: its schema library is heavy.
		const { parseFakeModel } = await import("./model-file.ts");
		const model = parseFakeModel(await textOf(source));
		const session = new FakeSession(model, this.#clock, () =>
			this.#sessions.delete(session),
		);
		this.#sessions.add(session);
		return session;
	}

	get openSessionCount(): number {
		return this.#sessions.size;
	}

	close(): void {
		for (const session of [...this.#sessions]) session.close();
	}
}

async function textOf(source: ModelSource): Promise<string> {
	if (source.kind === "bytes") return Buffer.from(source.bytes).toString();
	try {
		return await readFile(source.path, "utf8");
	} catch (error) {
		throw new SaccadeError("LOAD_FAILED", `cannot read ${source.path}`, {
			cause: error,
		});
	}
}

class FakeSession implements Session {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	readonly #model: FakeModel;
	readonly #clock: Clock;
	readonly #closed: () => void;
	readonly #bindings = new Set<FakeBinding>();
	#open = true;

	constructor(model: FakeModel, clock: Clock, closed: () => void) {
		this.inputs = model.inputs;
		this.outputs = model.outputs;
		this.#model = model;
		this.#clock = clock;
		this.#closed = closed;
	}

	bind(request: BindRequest): Binding {
		if (!this.#open)
			throw new SaccadeError("INTERNAL", "cannot bind: the session is closed");
		const binding = new FakeBinding(this.#model, request, this.#clock, () =>
			this.#bindings.delete(binding),
		);
		this.#bindings.add(binding);
		return binding;
	}

	close(): void {
		if (!this.#open) return;
		const running = [...this.#bindings].filter(({ isRunning }) => isRunning);
		if (running.length > 0)
			throw new SaccadeError(
				"INTERNAL",
				`cannot close a session while ${running.length} runs are under way`,
			);
		this.#open = false;
		for (const binding of [...this.#bindings]) binding.close();
		this.#closed();
	}
}
