// Line icons on a grid of 20, drawn for this console.
const PATHS = {
	drive:
		"M3 15.5c2.5-6 5-6 7-2s4.5 3 7-4M3.5 15.5h.01M16.5 9.5h.01M10 3v2M4 5l1.3 1.3M16 5l-1.3 1.3",
	streams:
		"M2.5 6c2-2.5 4-2.5 5 0s3 2.5 5 0 4-2.5 5 0M2.5 10.5c2-2.5 4-2.5 5 0s3 2.5 5 0 4-2.5 5 0M2.5 15c2-2.5 4-2.5 5 0s3 2.5 5 0 4-2.5 5 0",
	models:
		"M10 2.5l6.5 3.7v7.6L10 17.5l-6.5-3.7V6.2zM3.7 6.3L10 10l6.3-3.7M10 10v7.3",
	devices:
		"M5.5 5.5h9v9h-9zM8 8h4v4H8zM8 2.5v3M12 2.5v3M8 14.5v3M12 14.5v3M2.5 8h3M2.5 12h3M14.5 8h3M14.5 12h3",
	requests: "M3 4.5h6M6 8.5h8M9.5 12.5H15M12 16.5h5",
	logs: "M4 4h12M4 8h9M4 12h12M4 16h7",
	settings: "M3 6h7M14 6h3M3 14h3M10 14h7M12 4v4M8 12v4",
	alert: "M10 3l7.5 13.5h-15zM10 8v4M10 14.5h.01",
	lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
	unlock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 5.7-1.2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon(props: { readonly name: IconName }) {
	return (
		<svg
			viewBox="0 0 20 20"
			fill="none"
			stroke="currentColor"
			stroke-width="1.5"
			stroke-linecap="round"
			stroke-linejoin="round"
			aria-hidden="true"
		>
			<path d={PATHS[props.name]} />
		</svg>
	);
}

export function Mark() {
	return (
		<svg viewBox="0 0 32 32" fill="none" aria-hidden="true">
			<path
				d="M4 22c3-10 8-10 12-4.5s8 4.5 12-7"
				stroke="var(--accent)"
				stroke-width="2.6"
				stroke-linecap="round"
			/>
			<circle cx="4.5" cy="22" r="2.6" fill="var(--dim)" />
			<circle cx="27.5" cy="10.5" r="3.6" fill="var(--s2)" />
		</svg>
	);
}
