// Axes: from values to pixels, and where ticks go. Pure.

export interface Scale {
	readonly ticks: readonly number[];
	/** Pixel of a value; values beyond the end are drawn at it. */
	at(value: number): number;
}

const STEPS = [1, 2, 2.5, 5, 10];

/** From 0 to the first round number at or above `most`. */
export function linearScale(
	most: number,
	pixels: readonly [from: number, to: number],
	tickCount = 5,
): Scale {
	const step = roundStep(most / tickCount);
	const count = Math.max(1, Math.ceil(most / step - 1e-9));
	const ticks = Array.from({ length: count + 1 }, (_, i) => i * step);
	return { ticks, at: interpolate(0, count * step, pixels) };
}

/** Between the powers of ten around the values. Ticks at 1, 2 and 5 of each. */
export function logScale(
	least: number,
	most: number,
	pixels: readonly [from: number, to: number],
): Scale {
	const low = Math.floor(Math.log10(least));
	const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
	const ticks: number[] = [];
	for (let power = low; power <= high; power++)
		for (const times of power === high ? [1] : [1, 2, 5])
			ticks.push(times * 10 ** power);
	const at = interpolate(low, high, pixels);
	return { ticks, at: (value) => at(Math.log10(Math.max(value, 10 ** low))) };
}

/** 1, 2, 2.5 or 5 times a power of ten, at or above `step`. */
function roundStep(step: number): number {
	const power = 10 ** Math.floor(Math.log10(step));
	return (STEPS.find((one) => one * power >= step * (1 - 1e-9)) ?? 10) * power;
}

function interpolate(
	from: number,
	to: number,
	[start, end]: readonly [number, number],
): (value: number) => number {
	return (value) => {
		const share = Math.min(1, Math.max(0, (value - from) / (to - from)));
		return start + share * (end - start);
	};
}
