import type { ModelEntry } from "@saccade/protocol/console";
import { Chip, type Tone } from "../../ui/panel.tsx";

const TONES: Readonly<Record<string, Tone>> = {
	READY: "good",
	LOADING: "accent",
	UNLOADING: "warn",
};

export function StateChip({ model }: { readonly model: ModelEntry }) {
	const { state, reason } = model;
	if (state === "") return <Chip>not loaded</Chip>;
	if (state === "UNAVAILABLE" && reason === "unloaded")
		return <Chip>unloaded</Chip>;
	const tone = TONES[state] ?? "bad";
	return (
		<span title={reason}>
			<Chip tone={tone}>
				{state === "UNAVAILABLE" ? "failed" : state.toLowerCase()}
			</Chip>
		</span>
	);
}
