import { SaccadeError } from "../errors/saccade-error.ts";
import type { ModelRegistry } from "../models/model-registry.ts";
import type { HealthService } from "./services.ts";

/** The server's own life, as `app` tells it. */
export interface ServerPhase {
	readonly isServing: boolean;
	readonly isDraining: boolean;
}

/** What new work hears of a server that drains, and whoever asks whether it is ready. */
export function serverExiting(): SaccadeError {
	return new SaccadeError(
		"UNAVAILABLE",
		"Server exiting: it finishes what it has and takes nothing new",
		{ refusedBecause: "shutting-down" },
	);
}

export class RegistryHealthService implements HealthService {
	readonly #registry: ModelRegistry;
	readonly #phase: ServerPhase;
	readonly #strict: boolean;

	/** @param strict ready only while every model that should serve does */
	constructor(registry: ModelRegistry, phase: ServerPhase, strict: boolean) {
		this.#registry = registry;
		this.#phase = phase;
		this.#strict = strict;
	}

	live(): boolean {
		return true;
	}

	/** Follows the present state (UNAVAILABLE while the server drains): a model that is gone, or was unloaded on purpose, does not count. */
	ready(): boolean {
		if (this.#phase.isDraining) throw serverExiting();
		return this.#phase.isServing && (!this.#strict || this.#registry.isSettled);
	}

	alarms(): readonly string[] {
		return this.#registry.alarms();
	}

	assertModelReady(name: string, version: string): void {
		this.#registry.resolve(name, version);
	}
}
