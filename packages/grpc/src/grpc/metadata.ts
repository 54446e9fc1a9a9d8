// Request metadata over the decoded fields: nothing is built before somebody asks.
import type { Metadata, OutgoingMetadata } from "../api.ts";

export class FieldMetadata implements Metadata {
	/** Name, value, name, value, … */
	readonly #fields: readonly string[];

	constructor(fields: readonly string[]) {
		this.#fields = fields;
	}

	get(name: string): string | undefined {
		for (let at = 0; at < this.#fields.length; at += 2)
			if (this.#fields[at] === name) return this.#fields[at + 1];
		return undefined;
	}

	getAll(name: string): string[] {
		return [...this.entries()]
			.filter(([key]) => key === name)
			.map(([, value]) => value);
	}

	getBinary(name: string): Uint8Array | undefined {
		const text = this.get(name);
		// Senders may leave the padding out, and may join several values by commas: the first counts.
		return text === undefined
			? undefined
			: Buffer.from(text.split(",")[0] ?? "", "base64");
	}

	*entries(): IterableIterator<[name: string, value: string]> {
		for (let at = 0; at < this.#fields.length; at += 2)
			yield [this.#fields[at]!, this.#fields[at + 1]!];
	}
}

/** What the protocol itself sends, or keeps for itself; status details are the one that applications may send. */
const RESERVED =
	/^(content-type|te|user-agent|grpc-(?!status-details-bin$).*)$/;

/** Metadata as header fields: `-bin` values in base64 without padding. Throws TypeError for what HTTP/2 forbids. */
export function toFields(metadata: OutgoingMetadata): [string, string][] {
	return metadata.map(([name, value]) => {
		assertName(name);
		if (typeof value !== "string")
			return [name, Buffer.from(value).toString("base64").replace(/=+$/, "")];
		if (!isPrintable(value))
			throw new TypeError(`value of "${name}" is not printable ASCII`);
		return [name, value];
	});
}

function isPrintable(text: string): boolean {
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code < 0x20 || code > 0x7e) return false;
	}
	return true;
}

/** Names that were found good: an application has few, and sends each often. */
const goodNames = new Set<string>();
const MAX_GOOD_NAMES = 256;

function assertName(name: string): void {
	if (goodNames.has(name)) return;
	if (!/^[0-9a-z_.-]+$/.test(name))
		throw new TypeError(`"${name}" is no metadata name`);
	if (RESERVED.test(name)) throw new TypeError(`"${name}" is reserved`);
	if (goodNames.size < MAX_GOOD_NAMES) goodNames.add(name);
}
