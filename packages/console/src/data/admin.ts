// The admin token: asked of a person, tried at once, kept by this page alone. Without it the console changes nothing.
import { useEffect, useState } from "preact/hooks";

export interface AdminState {
	readonly isAdmin: boolean;
	/** Why the last change, or the token, was refused; empty: it was not. */
	readonly problem: string;
}

let token = "";
let state: AdminState = { isAdmin: false, problem: "" };
const listeners = new Set<() => void>();

function setState(next: AdminState): void {
	state = next;
	for (const listener of listeners) listener();
}

async function ask(path: string, body: object, by: string): Promise<string> {
	try {
		const answer = await fetch(path, {
			method: "POST",
			headers: {
				authorization: `Bearer ${by}`,
				"content-type": "application/json",
			},
			body: JSON.stringify(body),
		});
		if (answer.ok) return "";
		const text = await answer.text();
		try {
			const { error } = JSON.parse(text) as { readonly error?: unknown };
			return typeof error === "string" ? error : `HTTP ${answer.status}`;
		} catch {
			return `HTTP ${answer.status}`;
		}
	} catch {
		return "the server does not answer";
	}
}

export const admin = {
	/** Settings that change nothing tell whether it opens. */
	async offer(given: string): Promise<void> {
		const problem = await ask("/v2/logging", {}, given);
		token = problem === "" ? given : "";
		setState({ isAdmin: problem === "", problem });
	},
	forget(): void {
		token = "";
		setState({ isAdmin: false, problem: "" });
	},
	/** Returns why it was refused; empty: it was done. */
	async post(path: string, body: object): Promise<string> {
		const problem = await ask(path, body, token);
		setState({ ...state, problem });
		return problem;
	},
};

export function useAdmin(): AdminState {
	const [, setVersion] = useState(0);
	useEffect(() => {
		const listener = () => setVersion((version) => version + 1);
		listeners.add(listener);
		return () => {
			listeners.delete(listener);
		};
	}, []);
	return state;
}
