// Where the time of the newest decision went, from the measurement to its deadline.
import type { DriveEntry } from "@saccade/protocol/console";
import { us } from "../../data/format.ts";
import { Legend } from "../../ui/legend.tsx";
import { Panel } from "../../ui/panel.tsx";
import { budgetParts } from "./budget-parts.ts";

export function BudgetBar({ entry }: { readonly entry: DriveEntry }) {
	const { measuredUs, finishedUs, deadlineUs } = entry;
	const parts = budgetParts(entry);
	const usedUs = finishedUs - measuredUs;
	const budgetUs = deadlineUs === null ? null : deadlineUs - measuredUs;
	const slackUs = budgetUs === null ? 0 : Math.max(0, budgetUs - usedUs);
	return (
		<Panel
			title="Latency budget"
			aside={
				<span class="num nowrap">
					{us(usedUs)}
					{budgetUs !== null && ` of ${us(budgetUs)}`}
				</span>
			}
		>
			<div
				class="budget"
				role="img"
				aria-label={`${parts.map(({ label, us: time }) => `${label} ${us(time)}`).join(", ")}; left ${us(slackUs)}`}
			>
				{parts.map(({ label, us: time, fill }) => (
					<i
						key={label}
						style={{
							flex: `${Math.max(time, usedUs / 200)} 1 0`,
							"--fill": fill,
						}}
						title={`${label}: ${us(time)}`}
					/>
				))}
				{slackUs > 0 && (
					<i
						class="slack"
						style={{ flex: `${slackUs} 1 0` }}
						title={`left: ${us(slackUs)}`}
					/>
				)}
			</div>
			<Legend
				entries={parts.map(({ label, us: time, fill }) => ({
					label,
					fill,
					value: us(time),
				}))}
			>
				{budgetUs !== null && (
					<span>
						<i class="swatch slack" />
						left <b class="num">{us(slackUs)}</b>
					</span>
				)}
			</Legend>
		</Panel>
	);
}
