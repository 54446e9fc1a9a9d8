// Numbers as people read them: three digits that matter, a unit that fits.

const NONE = "–";

export function ms(value: number | null | undefined): string {
	if (value === null || value === undefined || !Number.isFinite(value))
		return NONE;
	const size = Math.abs(value);
	if (size >= 10_000) return `${(value / 1000).toFixed(1)} s`;
	if (size >= 100) return `${value.toFixed(0)} ms`;
	if (size >= 10) return `${value.toFixed(1)} ms`;
	if (size === 0) return "0 ms";
	if (size >= 1) return `${value.toFixed(2)} ms`;
	return `${(1000 * value).toFixed(0)} µs`;
}

export function us(value: number | null | undefined): string {
	return ms(value === null || value === undefined ? value : value / 1000);
}

export function rate(value: number | null | undefined): string {
	if (value === null || value === undefined || !Number.isFinite(value))
		return NONE;
	if (value >= 10_000) return `${(value / 1000).toFixed(1)}k`;
	if (value >= 100) return value.toFixed(0);
	return value >= 10 ? value.toFixed(1) : value.toFixed(value === 0 ? 0 : 2);
}

/** As axes have it: `100 ms`, not `100.0 ms`. */
export function msTick(value: number): string {
	const size = Math.abs(value);
	if (size >= 1000) return `${Number((value / 1000).toFixed(2))} s`;
	return size >= 1 || size === 0
		? `${Number(value.toFixed(1))} ms`
		: `${Number((1000 * value).toFixed(0))} µs`;
}

export function rateTick(value: number): string {
	return Math.abs(value) >= 1000
		? `${Number((value / 1000).toFixed(1))}k`
		: String(Number(value.toFixed(2)));
}

/** Thousands apart, by a narrow blank. */
export function count(value: number | null | undefined): string {
	if (value === null || value === undefined) return NONE;
	if (value >= 1e9) return `${(value / 1e9).toFixed(2)}G`;
	if (value >= 1e7) return `${(value / 1e6).toFixed(1)}M`;
	return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export function percent(share: number | null | undefined, digits = 1): string {
	if (share === null || share === undefined || !Number.isFinite(share))
		return NONE;
	// What is not all does not read as all.
	const value = 100 * share;
	const text = value.toFixed(digits);
	return value < 100 && Number(text) === 100
		? `>${(100 - 10 ** -digits).toFixed(digits)} %`
		: `${text} %`;
}

export function bytes(value: number | null | undefined): string {
	if (value === null || value === undefined) return NONE;
	let size = value;
	for (const unit of ["B", "KiB", "MiB", "GiB"]) {
		if (size < 1000)
			return `${size < 10 && unit !== "B" ? size.toFixed(1) : size.toFixed(0)} ${unit}`;
		size /= 1024;
	}
	return `${size.toFixed(1)} TiB`;
}

export function duration(seconds: number): string {
	const whole = Math.max(0, Math.floor(seconds));
	if (whole < 60) return `${whole} s`;
	if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
	if (whole < 86_400)
		return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
	return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

export function shape(sizes: readonly number[]): string {
	return `[${sizes.map((size) => (size < 0 ? "?" : size)).join(" × ")}]`;
}

/** `time_to_collision_s` → `time to collision`, and its unit. */
export function quantity(name: string): {
	readonly label: string;
	readonly unit: string;
} {
	const match = /^(.*)_(mps2|mps|m|s|hz|ms|deg|rad)$/.exec(name);
	const units: Readonly<Record<string, string>> = {
		mps2: "m/s²",
		mps: "m/s",
		hz: "Hz",
	};
	const unit = match?.[2] ?? "";
	return {
		label: (match?.[1] ?? name).replaceAll("_", " "),
		unit: units[unit] ?? unit,
	};
}
