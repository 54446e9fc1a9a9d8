// What the log and the thread that writes it say to each other.
export interface AuditThreadData {
	readonly path: string;
	readonly maxEvents: number;
	/** Private key in PEM; empty: heads are not signed. */
	readonly keyPem: string;
	/** Where the thread before left the log's end, its hash in hex; null: there was none. */
	readonly head: { readonly seq: number; readonly hash: string } | null;
}

export type ToAuditThread =
	/** One at a time: the next goes when the last was answered. */
	| { readonly kind: "write"; readonly bodies: readonly string[] }
	| { readonly kind: "end" };

export type FromAuditThread =
	| {
			readonly kind: "written";
			readonly seq: number;
			/** In hex, as the signature. */
			readonly hash: string;
			readonly keyId: string;
			readonly signature: string;
			/** What was found wrong with the log: it was changed from outside. */
			readonly tampered: string | null;
	  }
	/** None of them was written. */
	| { readonly kind: "failed"; readonly text: string };
