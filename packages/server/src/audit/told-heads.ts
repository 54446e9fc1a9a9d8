// Heads of the audit log in the server's own log, which is JSON lines and, where it matters, is collected on another
// machine: what they say cannot be cut off here.
import { isMapping } from "../common/mapping.ts";
import type { SignedHead } from "./chain.ts";

/** Lines that are none of it are passed over, also those that another program wrote. */
export function readToldHeads(text: string): SignedHead[] {
	return text.split("\n").flatMap((line) => toHead(line) ?? []);
}

function toHead(line: string): SignedHead | null {
	// Collectors put a prefix of their own before what was logged.
	const start = line.indexOf("{");
	if (start < 0 || !line.includes('"auditSeq"')) return null;
	let fields: unknown;
	try {
		fields = JSON.parse(line.slice(start));
	} catch {
		return null;
	}
	if (!isMapping(fields)) return null;
	const { auditSeq, auditHash, auditKey = "", auditSignature = "" } = fields;
	const isHead =
		Number.isSafeInteger(auditSeq) &&
		isHex(auditHash, 64) &&
		typeof auditKey === "string" &&
		(auditSignature === "" || isHex(auditSignature, 128));
	if (!isHead) return null;
	return {
		seq: auditSeq as number,
		hash: Buffer.from(auditHash as string, "hex"),
		keyId: auditKey as string,
		signature: Buffer.from(auditSignature as string, "hex"),
	};
}

function isHex(value: unknown, digits: number): boolean {
	return (
		typeof value === "string" &&
		value.length === digits &&
		/^[0-9a-f]+$/.test(value)
	);
}
