import { UsageError } from "../usage-error.ts";

export function wholeSeed(text: string): number {
	const seed = Number(text);
	if (text.trim() !== "" && Number.isSafeInteger(seed) && seed >= 0)
		return seed;
	throw new UsageError(`--seed is a whole number from 0 on, got '${text}'`);
}

export function positiveNumber(flag: string, text: string): number {
	const value = Number(text);
	if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
	throw new UsageError(`${flag} is a number above 0, got '${text}'`);
}

export function positiveCount(flag: string, text: string): number {
	const value = positiveNumber(flag, text);
	if (Number.isInteger(value) && value <= 1_000_000) return value;
	throw new UsageError(
		`${flag} is a whole number up to 1000000, got '${text}'`,
	);
}
