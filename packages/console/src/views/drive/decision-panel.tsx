import type { DriveEntry } from "@saccade/protocol/console";
import { quantity } from "../../data/format.ts";
import { serverNowMs } from "../../data/store.ts";
import { Chip, Panel } from "../../ui/panel.tsx";
import { toneOf } from "./action-tone.ts";

/** What the vehicle is told, and why. */
export function DecisionPanel({ entry }: { readonly entry: DriveEntry }) {
	const { decision, device, pipeline } = entry;
	if (decision === null) return null;
	const isValid = 1000 * serverNowMs() < decision.validUntilUs;
	return (
		<Panel
			title="Decision"
			aside={
				<span class="clip">
					{pipeline}, from {device}
				</span>
			}
		>
			<div
				class="decision"
				data-tone={isValid ? toneOf(decision.action) : "none"}
			>
				<div class="decision-head">
					<output class="decision-action">{decision.action}</output>
					<span class="decision-why">
						{decision.reasons.map((reason) => (
							<Chip key={reason}>{reason.replaceAll("-", " ")}</Chip>
						))}
						{!isValid && <Chip tone="warn">over: the safe command holds</Chip>}
					</span>
				</div>
				<dl class="targets">
					{decision.targets.map(({ name, value }) => {
						const { label, unit } = quantity(name);
						return (
							<div key={name}>
								<dt>{label}</dt>
								<dd class="num">
									{value.toFixed(2)} <small>{unit}</small>
								</dd>
							</div>
						);
					})}
				</dl>
			</div>
		</Panel>
	);
}
