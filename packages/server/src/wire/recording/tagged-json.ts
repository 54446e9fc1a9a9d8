// JSON that gives back what it was given: integers of any size and the numbers that JSON has not are `{"$": text}`.

/** Strings that a client chose may look like anything, so what is tagged is never a string itself. */
export function taggedJson(value: unknown): string {
	return JSON.stringify(value, (_key, one: unknown) => {
		if (typeof one === "bigint") return { $: `${one}n` };
		if (typeof one !== "number") return one;
		if (Object.is(one, -0)) return { $: "-0" };
		return Number.isFinite(one) ? one : { $: String(one) };
	});
}

/** Throws SyntaxError. */
export function parseTaggedJson(text: string): unknown {
	return JSON.parse(text, (_key, one: unknown) => {
		if (typeof one !== "object" || one === null || !("$" in one)) return one;
		const tagged = String(one.$);
		return tagged.endsWith("n") ? BigInt(tagged.slice(0, -1)) : Number(tagged);
	});
}
