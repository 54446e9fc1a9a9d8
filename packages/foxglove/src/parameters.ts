// Parameters: viewers ask for them, set them where the store allows it, and hear of changes if they want to.
import type { ClientMessage } from "./client-message.ts";
import { type Parameter, parameterValues } from "./protocol.ts";
import type { Viewer } from "./viewer.ts";

/** Values that viewers can look at, and change where `set` is there. */
export interface ParameterStore {
	list(): readonly Parameter[];
	/** Throws with the reason when it cannot be so. */
	set?(parameter: Parameter): void;
}

type ParameterMessage = Exclude<
	ClientMessage,
	{ op: "subscribe" | "unsubscribe" }
>;

export class Parameters {
	/** Null: viewers see none. */
	readonly #store: ParameterStore | null;
	readonly #viewers: ReadonlySet<Viewer>;

	constructor(store: ParameterStore | null, viewers: ReadonlySet<Viewer>) {
		this.#store = store;
		this.#viewers = viewers;
	}

	/** As the server says what it can do. */
	get capabilities(): readonly string[] {
		return this.#store === null ? [] : ["parameters", "parametersSubscribe"];
	}

	/** Tells who wants to hear of them. */
	changed(names: readonly string[]): void {
		for (const viewer of this.#viewers) {
			const { parameterNames } = viewer;
			const wanted = names.filter(
				(name) => parameterNames === null || parameterNames.has(name),
			);
			if (wanted.length > 0)
				viewer.sendText(parameterValues(this.#valuesOf(wanted)));
		}
	}

	/** What a viewer says of parameters. */
	said(viewer: Viewer, message: ParameterMessage): void {
		const store = this.#store;
		if (store === null) {
			viewer.problem(`there are no parameters for '${message.op}'`);
			return;
		}
		switch (message.op) {
			case "getParameters":
				viewer.sendText(
					parameterValues(this.#valuesOf(message.parameterNames), message.id),
				);
				return;
			case "setParameters": {
				const changed = message.parameters.filter((parameter) =>
					set(store, parameter, (problem) => viewer.problem(problem)),
				);
				const names = message.parameters.map(({ name }) => name);
				// As they are now: what could not be changed, too.
				if (message.id !== undefined && names.length > 0)
					viewer.sendText(parameterValues(this.#valuesOf(names), message.id));
				this.changed(changed.map(({ name }) => name));
				return;
			}
			case "subscribeParameterUpdates":
				if (message.parameterNames.length === 0) viewer.parameterNames = null;
				for (const name of message.parameterNames)
					if (store.list().some((known) => known.name === name))
						viewer.parameterNames?.add(name);
				return;
			case "unsubscribeParameterUpdates":
				if (message.parameterNames.length === 0)
					viewer.parameterNames = new Set();
				viewer.parameterNames ??= new Set(store.list().map(({ name }) => name));
				for (const name of message.parameterNames)
					viewer.parameterNames.delete(name);
		}
	}

	/** @param names empty: all. Those that there are not are left out */
	#valuesOf(names: readonly string[]): readonly Parameter[] {
		const all = this.#store?.list() ?? [];
		return names.length === 0
			? all
			: all.filter(({ name }) => names.includes(name));
	}
}

/** @returns whether it is set now */
function set(
	store: ParameterStore,
	parameter: Parameter,
	refused: (problem: string) => void,
): boolean {
	try {
		if (store.set === undefined)
			throw new Error(
				`parameter '${parameter.name.slice(0, 100)}' is read-only`,
			);
		store.set(parameter);
		return true;
	} catch (error) {
		refused(error instanceof Error ? error.message : String(error));
		return false;
	}
}
