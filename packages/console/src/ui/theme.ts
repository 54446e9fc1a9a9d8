// Dark or light: as the system has it, until somebody says otherwise.
import { useEffect, useState } from "preact/hooks";

export type Theme = "system" | "dark" | "light";

const KEY = "saccade.theme";
const system = matchMedia("(prefers-color-scheme: light)");
const listeners = new Set<() => void>();

function stored(): Theme {
	try {
		const value = localStorage.getItem(KEY);
		return value === "dark" || value === "light" ? value : "system";
	} catch {
		return "system";
	}
}

let theme = stored();

function apply(): void {
	const isLight = theme === "light" || (theme === "system" && system.matches);
	document.documentElement.dataset["theme"] = isLight ? "light" : "dark";
	for (const listener of listeners) listener();
}
system.addEventListener("change", apply);
apply();

export function setTheme(next: Theme): void {
	theme = next;
	try {
		localStorage.setItem(KEY, next);
	} catch {
		// It holds for this page then.
	}
	apply();
}

/** The choice, and a number that changes when colours do. */
export function useTheme(): {
	readonly theme: Theme;
	readonly version: string;
} {
	const [, setVersion] = useState(0);
	useEffect(() => {
		const listener = () => setVersion((version) => version + 1);
		listeners.add(listener);
		return () => {
			listeners.delete(listener);
		};
	}, []);
	return { theme, version: document.documentElement.dataset["theme"] ?? "" };
}

/** A colour of the tokens, as canvases take it. */
export function colour(token: string): string {
	return getComputedStyle(document.documentElement)
		.getPropertyValue(token.replace(/^var\((.*)\)$/, "$1"))
		.trim();
}
