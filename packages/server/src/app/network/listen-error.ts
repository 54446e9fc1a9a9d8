// Why a port cannot be opened, and what to do.
import type { ServerOptions } from "../../config/options.ts";
import { SaccadeError } from "../../errors/saccade-error.ts";

type Listener = "http" | "grpc" | "metrics" | "foxglove";

const REASONS: Readonly<Record<string, (name: Listener) => string>> = {
	EADDRINUSE: (name) =>
		`something else uses the port; stop it, or choose another with --${name}-port`,
	EACCES: (name) =>
		`this user may not open it; choose a port above 1023 with --${name}-port`,
	EADDRNOTAVAIL: (name) =>
		`no interface of this machine has the address; correct --${name}-address`,
	ENOTFOUND: (name) => `the name has no address; correct --${name}-address`,
};

/** For `catch` of a listener's promise: throws UNAVAILABLE in place of the system's error. */
export function explainListen(
	name: Listener,
	options: ServerOptions,
): (error: NodeJS.ErrnoException) => never {
	return (error) => {
		const at = `${options[`${name}Address`]}:${options[`${name}Port`]}`;
		const reason = REASONS[error.code ?? ""]?.(name) ?? error.message;
		throw new SaccadeError(
			"UNAVAILABLE",
			`${name} cannot listen on ${at} (${error.code ?? "no code"}): ${reason}`,
			{ cause: error },
		);
	};
}
