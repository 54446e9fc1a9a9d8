import { count, us } from "../../data/format.ts";
import { Empty } from "../../ui/panel.tsx";

type Batch = readonly [rows: number, runs: number, inferUs: number];

/** Most bars that fit; larger sizes share one. */
const MOST_BARS = 24;

/** How large batches were, and what a run of each size took. */
export function BatchSizes({
	batches,
}: {
	readonly batches: readonly Batch[];
}) {
	if (batches.length === 0) return <Empty>Nothing ran yet.</Empty>;
	const bars = grouped(batches);
	const most = Math.max(...bars.map(({ runs }) => runs));
	return (
		<div
			class="bars"
			role="img"
			aria-label={`Batch sizes: ${bars.map(({ label, runs }) => `${label} rows ${runs} times`).join(", ")}`}
		>
			{bars.map(({ label, runs, inferUs }) => (
				<div
					key={label}
					class="bar-column"
					title={`${label} rows: ${count(runs)} runs, ${us(inferUs / runs)} each`}
				>
					<span class="num dim">{count(runs)}</span>
					<i style={{ height: `${Math.max(1.5, (100 * runs) / most)}%` }} />
					<span class="num">{label}</span>
				</div>
			))}
		</div>
	);
}

function grouped(batches: readonly Batch[]) {
	const perBar = Math.ceil(batches.length / MOST_BARS);
	const bars: { label: string; runs: number; inferUs: number }[] = [];
	for (let i = 0; i < batches.length; i += perBar) {
		const some = batches.slice(i, i + perBar);
		const first = some[0]?.[0] ?? 0;
		const last = some.at(-1)?.[0] ?? 0;
		bars.push({
			label: first === last ? String(first) : `${first}–${last}`,
			runs: some.reduce((sum, [, runs]) => sum + runs, 0),
			inferUs: some.reduce((sum, [, , time]) => sum + time, 0),
		});
	}
	return bars;
}
