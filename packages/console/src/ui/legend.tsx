import type { ComponentChildren } from "preact";

export interface LegendEntry {
	readonly label: string;
	/** A colour, or the variable of one: `var(--s1)`. */
	readonly fill: string;
	/** Written beside the label. */
	readonly value?: string;
}

/** What the colours of a chart or a bar stand for; `children` is what has no colour of its own. */
export function Legend(props: {
	readonly entries: readonly LegendEntry[];
	readonly children?: ComponentChildren;
}) {
	return (
		<div class="legend">
			{props.entries.map(({ label, fill, value }) => (
				<span key={label}>
					<i class="swatch" style={{ "--fill": fill }} />
					{label}
					{value !== undefined && (
						<>
							{" "}
							<b class="num">{value}</b>
						</>
					)}
				</span>
			))}
			{props.children}
		</div>
	);
}
