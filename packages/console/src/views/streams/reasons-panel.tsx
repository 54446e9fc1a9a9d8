import { FRAME_REASONS, type FrameReason } from "@saccade/protocol";
import { count, percent } from "../../data/format.ts";
import { useEntries } from "../../data/store.ts";
import { OutcomeName, outcomeFill } from "../../ui/outcome.tsx";
import { Empty, Panel } from "../../ui/panel.tsx";

/** Why frames ended without a result, since the server started. */
export function ReasonsPanel({ pipeline }: { readonly pipeline: string }) {
	const pipelines = useEntries("pipelines");
	const sums = new Map<FrameReason, number>();
	let all = 0;
	for (const { name, reasons, outcomes } of pipelines.values()) {
		if (pipeline !== "" && name !== pipeline) continue;
		for (const value of Object.values(outcomes)) all += value;
		for (const [reason, value = 0] of Object.entries(reasons) as [
			FrameReason,
			number,
		][])
			sums.set(reason, (sums.get(reason) ?? 0) + value);
	}
	const sorted = [...sums].sort(([, a], [, b]) => b - a);
	const most = sorted[0]?.[1] ?? 1;
	return (
		<Panel
			class="reasons-panel"
			title="Why frames ended without a result"
			flush
			aside={<span>of {count(all)}</span>}
		>
			{sorted.length === 0 ? (
				<Empty>Every frame so far ended with a result.</Empty>
			) : (
				<table class="grid">
					<thead>
						<tr>
							<th class="left">Reason</th>
							<th class="left">Outcome</th>
							<th>Frames</th>
							<th>Share</th>
							<th class="left bar-cell" />
						</tr>
					</thead>
					<tbody>
						{sorted.map(([reason, value]) => (
							<tr key={reason}>
								<td class="left">{reason}</td>
								<td class="left dim">
									<OutcomeName outcome={FRAME_REASONS[reason]} />
								</td>
								<td class="num">{count(value)}</td>
								<td class="num">{percent(value / all, 2)}</td>
								<td class="left bar-cell">
									<i
										class="bar"
										style={{
											width: `${(100 * value) / most}%`,
											"--fill": outcomeFill(FRAME_REASONS[reason]),
										}}
									/>
								</td>
							</tr>
						))}
					</tbody>
				</table>
			)}
		</Panel>
	);
}
