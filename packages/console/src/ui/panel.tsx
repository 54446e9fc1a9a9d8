import type { ComponentChildren } from "preact";

export interface PanelProps {
	readonly title: string;
	readonly aside?: ComponentChildren;
	/** Its content reaches the edges, and scrolls. */
	readonly flush?: boolean;
	readonly class?: string;
	readonly children: ComponentChildren;
}

export function Panel(props: PanelProps) {
	const { title, aside, flush = false, children } = props;
	return (
		<section class={`panel ${props.class ?? ""}`} aria-label={title}>
			<header>
				<h2>{title}</h2>
				{aside !== undefined && <div class="aside">{aside}</div>}
			</header>
			<div class={flush ? "body flush" : "body"}>{children}</div>
		</section>
	);
}

export function Empty(props: { readonly children: ComponentChildren }) {
	return <div class="empty">{props.children}</div>;
}

export type Tone = "good" | "warn" | "bad" | "accent" | "none";

export function Chip(props: {
	readonly tone?: Tone;
	readonly children: ComponentChildren;
}) {
	return (
		<span class="chip" data-tone={props.tone ?? "none"}>
			{props.children}
		</span>
	);
}

export function Meter(props: {
	/** 0 to 1. */
	readonly share: number;
	readonly label: string;
	readonly tone?: Tone;
}) {
	const { share, label, tone = "accent" } = props;
	const width = `${Math.round(100 * Math.min(1, Math.max(0, share)))}%`;
	return (
		<span class="meter" role="img" aria-label={label}>
			<i style={{ width, "--fill": `var(--${tone})` }} />
		</span>
	);
}

export interface BarPart {
	readonly label: string;
	readonly value: number;
	/** A colour of the tokens. */
	readonly fill: string;
}

/** Parts of a whole, side by side. */
export function StackBar(props: {
	readonly parts: readonly BarPart[];
	readonly label: string;
}) {
	const text = props.parts
		.filter(({ value }) => value > 0)
		.map(({ label, value }) => `${label} ${value}`)
		.join(", ");
	return (
		<div
			class="stackbar"
			role="img"
			aria-label={`${props.label}: ${text}`}
			title={text}
		>
			{props.parts
				.filter(({ value }) => value > 0)
				.map(({ label, value, fill }) => (
					<i key={label} style={{ flex: `${value} 1 0`, "--fill": fill }} />
				))}
		</div>
	);
}

export function Segmented<T extends string>(props: {
	readonly label: string;
	readonly options: readonly (readonly [value: T, text: string])[];
	readonly value: T;
	readonly onPick: (value: T) => void;
}) {
	return (
		<fieldset class="segmented" style={{ margin: 0, padding: 0 }}>
			<legend class="visually-hidden">{props.label}</legend>
			{props.options.map(([value, text]) => (
				<button
					type="button"
					key={value}
					aria-pressed={value === props.value}
					onClick={() => props.onPick(value)}
				>
					{text}
				</button>
			))}
		</fieldset>
	);
}
