import type { DecisionEntry } from "@saccade/protocol/console";
import { serverNowMs, useEntries, useItems } from "../../data/store.ts";
import { Empty, Panel } from "../../ui/panel.tsx";
import { toneOf } from "./action-tone.ts";

const SPAN_MS = 60_000;
const LISTED = 3;

/** What was decided in the last minute, as a band, and the newest changes in words. */
export function DecisionStrip({ stream }: { readonly stream: string }) {
	// Its band moves with the numbers of the drive.
	useEntries("drive");
	const all = useItems("decisions").filter(
		(one) => stream === "" || one.stream === stream,
	);
	const nowMs = serverNowMs();
	const parts = partsOf(all, nowMs);
	return (
		<Panel title="Decisions" aside={<span>last minute</span>}>
			{all.length === 0 ? (
				<Empty>Nothing was decided yet.</Empty>
			) : (
				<>
					<div
						class="strip"
						role="img"
						aria-label={`Decisions: ${all
							.slice(-LISTED)
							.map(({ action }) => action)
							.join(", ")}`}
					>
						{parts.map(({ entry, fromShare, share }) => (
							<i
								key={entry.atMs}
								data-tone={toneOf(entry.action)}
								style={{
									left: `${100 * fromShare}%`,
									width: `${100 * share}%`,
								}}
								title={`${entry.action}: ${entry.reasons.join(", ")}`}
							/>
						))}
					</div>
					<ol class="decisions">
						{all
							.slice(-LISTED)
							.reverse()
							.map((entry) => (
								<li key={entry.atMs}>
									<span class="num dim">
										{((nowMs - entry.atMs) / 1000).toFixed(1)} s ago
									</span>
									<b data-tone={toneOf(entry.action)}>{entry.action}</b>
									<span class="dim clip">
										{entry.reasons
											.map((reason) => reason.replaceAll("-", " "))
											.join(", ")}
									</span>
								</li>
							))}
					</ol>
				</>
			)}
		</Panel>
	);
}

function partsOf(all: readonly DecisionEntry[], nowMs: number) {
	const fromMs = nowMs - SPAN_MS;
	return all.flatMap((entry, i) => {
		const beginMs = Math.max(fromMs, entry.atMs);
		const endMs = all[i + 1]?.atMs ?? nowMs;
		if (endMs <= fromMs) return [];
		return [
			{
				entry,
				fromShare: (beginMs - fromMs) / SPAN_MS,
				share: Math.max(0, endMs - beginMs) / SPAN_MS,
			},
		];
	});
}
