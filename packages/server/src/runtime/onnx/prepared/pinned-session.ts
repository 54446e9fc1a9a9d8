// A session whose weights are files of the cache: while it is open nobody evicts them.
import type { TensorSpec } from "../../../tensor/tensor.ts";
import type { Binding, BindRequest, Session } from "../../runtime.ts";
import type { EntryPin } from "./entry-pin.ts";

export class PinnedSession implements Session {
	readonly inputs: readonly TensorSpec[];
	readonly outputs: readonly TensorSpec[];
	readonly #session: Session;
	readonly #pin: EntryPin;

	constructor(session: Session, pin: EntryPin) {
		this.inputs = session.inputs;
		this.outputs = session.outputs;
		this.#session = session;
		this.#pin = pin;
	}

	bind(request: BindRequest): Binding {
		return this.#session.bind(request);
	}

	close(): void {
		this.#session.close();
		this.#pin.release();
	}
}
