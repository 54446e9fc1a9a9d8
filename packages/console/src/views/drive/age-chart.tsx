import { msTick } from "../../data/format.ts";
import { secondsOf } from "../../data/frames.ts";
import { serverNowMs, useEntries } from "../../data/store.ts";
import { Chart } from "../../ui/chart.tsx";
import { Legend } from "../../ui/legend.tsx";
import { Panel } from "../../ui/panel.tsx";

const SPAN_S = 60;

/** From the sensor to the decision, second by second. */
export function AgeChart(props: {
	readonly pipeline: string;
	/** Null: its frames have no deadline. */
	readonly budgetMs: number | null;
}) {
	const { pipeline, budgetMs } = props;
	const bins = useEntries("frames");
	const to = Math.floor(serverNowMs() / 1000) - 1;
	const seconds = secondsOf(bins.values(), pipeline, { from: to - SPAN_S, to });
	return (
		<Panel
			title="Sensor to decision"
			aside={
				<Legend
					entries={[
						{ label: "p50", fill: "var(--s1)" },
						{ label: "p99", fill: "var(--s2)" },
					]}
				>
					{budgetMs !== null && <span class="bad">- - deadline</span>}
				</Legend>
			}
		>
			<Chart
				label="Time from the measurement to the decision"
				spanS={SPAN_S}
				nowS={to}
				height={104}
				data={[
					seconds.map(({ second }) => second),
					seconds.map(({ ageMs }) => ageMs?.p50 ?? null),
					seconds.map(({ ageMs }) => ageMs?.p99 ?? null),
				]}
				series={[
					{ label: "median", stroke: "--s1", isFilled: true },
					{ label: "slowest", stroke: "--s2" },
				]}
				{...(budgetMs !== null && { mark: budgetMs })}
				format={msTick}
			/>
		</Panel>
	);
}
