// What became of the model: each load and unload with its phases, why it failed and what to do.
import type { SwapEntry } from "@saccade/protocol/console";
import { ms, percent, us } from "../../data/format.ts";
import { serverWallMs, useEntries } from "../../data/store.ts";
import { Legend } from "../../ui/legend.tsx";
import { Chip, Empty, Panel, type Tone } from "../../ui/panel.tsx";

const SHOWN = 6;
const FILLS: Readonly<Record<string, string>> = {
	waiting: "var(--o-CANCELLED)",
	preparing: "var(--s3)",
	loading: "var(--s1)",
	validating: "var(--s6)",
	warming: "var(--s2)",
	shadowing: "var(--s5)",
	canary: "var(--o-SHED)",
	switching: "var(--s4)",
};

export function SwapTimeline({ model }: { readonly model: string }) {
	const all = [...useEntries("swaps").values()]
		.filter((swap) => swap.model === model)
		.sort((a, b) => b.id - a.id)
		.slice(0, SHOWN);
	const phases = new Set(
		all.flatMap((swap) => swap.phases.map(({ phase }) => phase)),
	);
	return (
		<Panel
			title="Loads and swaps"
			aside={
				<Legend
					entries={[...phases].map((phase) => ({
						label: phase,
						fill: fillOf(phase),
					}))}
				/>
			}
		>
			{all.length === 0 ? (
				<Empty>Nothing was loaded since the server started.</Empty>
			) : (
				<ol class="swaps">
					{all.map((swap) => (
						<Row key={swap.id} swap={swap} />
					))}
				</ol>
			)}
		</Panel>
	);
}

function fillOf(phase: string): string {
	return FILLS[phase] ?? "var(--dim)";
}

function Row({ swap }: { readonly swap: SwapEntry }) {
	const { outcome, phases, totalUs, phase } = swap;
	const [tone, text] = outcomeOf(swap);
	// 0: no version was in service before.
	const switchUs = outcome?.switchUs ?? 0;
	const sum = phases.reduce((all, { durationUs }) => all + durationUs, 0);
	return (
		<li class="swap">
			<span class="num dim nowrap">{agoText(swap.beganAtMs)}</span>
			<span class="nowrap">
				{versionsOf(swap)} <Chip tone={tone}>{text}</Chip>
			</span>
			<div
				class="budget swap-bar"
				role="img"
				aria-label={phases
					.map((one) => `${one.phase} ${us(one.durationUs)}`)
					.join(", ")}
			>
				{phases.map((one) => (
					<i
						key={one.phase}
						style={{
							flex: `${Math.max(one.durationUs, sum / 150)} 1 0`,
							"--fill": fillOf(one.phase),
						}}
						title={`${one.phase}: ${us(one.durationUs)}`}
					/>
				))}
			</div>
			<span class="num nowrap">
				{phase === null ? us(totalUs) : `${phase}…`}
			</span>
			<span class="swap-more dim">
				{swap.cause === "api" ? `asked by ${swap.by}` : `by ${swap.cause}`}
				{switchUs > 0 && `, switched in ${us(switchUs)}`}
				{swap.shadow !== null &&
					`, ${swap.shadow.sampleCount} real inputs through both: ${swap.shadow.isWithin ? "within tolerance" : "beyond tolerance"}, ${ms(swap.shadow.oldRunMs)} → ${ms(swap.shadow.newRunMs)} a run`}
				{swap.canary !== null &&
					`, canary of ${percent(swap.canary.weight, 0)}: p95 ${ms(swap.canary.oldP95Ms)} → ${ms(swap.canary.newP95Ms)}, ${swap.canary.newErrorCount} of ${swap.canary.newRequestCount} failed`}
			</span>
			{outcome?.failure != null && (
				<p class="swap-more bad">
					In phase {outcome.failure.phase}: {outcome.failure.text}{" "}
					<span class="dim">{outcome.failure.advice}</span>
				</p>
			)}
		</li>
	);
}

function outcomeOf({ outcome }: SwapEntry): readonly [Tone, string] {
	switch (outcome?.kind) {
		case undefined:
			return ["accent", "under way"];
		case "switched":
			return ["good", "switched"];
		case "failed":
			return ["bad", "failed: the old one serves"];
		case "unloaded":
			return ["none", "unloaded"];
		case "unchanged":
			return ["none", "unchanged"];
	}
}

function versionsOf({ from, outcome, action }: SwapEntry): string {
	const names = (versions: readonly { readonly version: number }[]) =>
		versions.map(({ version }) => `v${version}`).join(" ");
	const old = names(from) || "–";
	if (action === "unload") return `${old} → –`;
	const next = names(outcome?.to ?? []);
	return next === "" ? old : `${old} → ${next}`;
}

function agoText(unixMs: number): string {
	const seconds = Math.max(0, (serverWallMs() - unixMs) / 1000);
	if (seconds < 90) return `${seconds.toFixed(0)} s ago`;
	return new Date(unixMs).toISOString().slice(11, 19);
}
