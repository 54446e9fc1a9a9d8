// The grid over the ground, as steps that raster and detectors that answer on it take it.
import type { GroundGrid } from "@saccade/perception";
import { number, wholeNumber } from "../../common/readers.ts";
import { type Setting, setting } from "./settings.ts";

export interface GridSettings {
	readonly minXM: Setting<number>;
	readonly minYM: Setting<number>;
	readonly cellM: Setting<number>;
	readonly rows: Setting<number>;
	readonly columns: Setting<number>;
}

const size = wholeNumber({ min: 1, max: 4096 });

export const gridSettings: GridSettings = {
	minXM: setting({ read: number(), meaning: "lower edge ahead, in metres" }),
	minYM: setting({ read: number(), meaning: "lower edge to the left" }),
	cellM: setting({
		read: number({ min: 0.01 }),
		meaning: "edge of a cell, in metres",
	}),
	rows: setting({ read: size, meaning: "cells to the left" }),
	columns: setting({ read: size, meaning: "cells ahead" }),
};

export function gridOf(settings: GroundGrid): GroundGrid {
	const { minXM, minYM, cellM, rows, columns } = settings;
	return { minXM, minYM, cellM, rows, columns };
}
