// Which colour an action has: what is known of the bundled policy, and nothing of others.
import type { Tone } from "../../ui/panel.tsx";

const TONES: Readonly<Record<string, Tone>> = {
	keep: "good",
	slow: "warn",
	degrade: "warn",
	brake: "bad",
};

export function toneOf(action: string): Tone {
	return TONES[action] ?? "accent";
}
