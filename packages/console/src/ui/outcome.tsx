// Outcomes have one colour each, everywhere.
import { OUTCOMES, type Outcome } from "@saccade/protocol";
import { Legend } from "./legend.tsx";
import type { BarPart } from "./panel.tsx";

export function outcomeFill(outcome: Outcome): string {
	return `var(--o-${outcome})`;
}

export function outcomeText(outcome: Outcome): string {
	return outcome.toLowerCase().replaceAll("_", " ");
}

export function outcomeParts(
	outcomes: Readonly<Record<Outcome, number>>,
): BarPart[] {
	return OUTCOMES.map((outcome) => ({
		label: outcomeText(outcome),
		value: outcomes[outcome],
		fill: outcomeFill(outcome),
	}));
}

export function OutcomeName(props: { readonly outcome: Outcome }) {
	return (
		<span class="nowrap">
			<i
				class="swatch"
				style={{ "--fill": outcomeFill(props.outcome), marginRight: "6px" }}
			/>
			{outcomeText(props.outcome)}
		</span>
	);
}

export function OutcomeLegend(props: { readonly shown: readonly Outcome[] }) {
	return (
		<Legend
			entries={props.shown.map((outcome) => ({
				label: outcomeText(outcome),
				fill: outcomeFill(outcome),
			}))}
		/>
	);
}
