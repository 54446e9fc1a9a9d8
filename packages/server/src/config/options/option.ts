// What an option says of itself, and how the values are read that many have.
import { type Reader, texts, wholeNumber } from "../../common/readers.ts";

export const MIB = 1024 * 1024;

export const count = wholeNumber();
export const positive = wholeNumber({ min: 1 });
export const port = wholeNumber({ max: 65_535 });
/** Repeatable; each value is one. */
export const list = texts((value) => [value]);
/** Repeatable, or with commas. */
export const names = texts((value) => value.split(","));

export interface Option<T> {
	/** Without the dashes. Triton's name where it has one. */
	readonly flag: string;
	readonly read: Reader<T>;
	readonly default: T;
	readonly unit: string;
	readonly meaning: string;
	readonly reason: string;
	/** Default under `--strict-triton`, where it differs. */
	readonly strictDefault?: T;
}

export function option<T>(spec: Option<T>): Option<T> {
	return spec;
}
