// Colours of what is seen: the same in the picture and in the cloud. On top of pictures, so the same in both themes.
const COLOURS = [
	"#5cc8e0",
	"#ffb454",
	"#c79bff",
	"#6be39a",
	"#ff8fa3",
	"#f7e463",
] as const;

export function classColour(classId: number): string {
	return COLOURS[Math.abs(classId) % COLOURS.length] ?? COLOURS[0];
}

export function className(names: readonly string[], classId: number): string {
	return names[classId] ?? `class ${classId}`;
}
