/** Of classes, told apart on light and dark by people with and without red-green blindness (Okabe and Ito, 2008). */
const COLOURS = [
	[0.9, 0.62, 0],
	[0.34, 0.71, 0.91],
	[0, 0.62, 0.45],
	[0.8, 0.47, 0.65],
	[0.94, 0.89, 0.26],
	[0.84, 0.37, 0],
] as const;

export function colourOf(classId: number): {
	readonly r: number;
	readonly g: number;
	readonly b: number;
	readonly a: number;
} {
	const [r, g, b] = COLOURS[Math.abs(classId) % COLOURS.length] ?? COLOURS[0];
	return { r, g, b, a: 1 };
}
