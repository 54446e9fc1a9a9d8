// One request or frame, as the server explains it: what of `/saccade/v1/explain/{traceId}` is drawn here.

interface TraceStage {
	readonly name: string;
	readonly startUs: number;
	readonly durationUs: number;
}

interface TraceDecision {
	readonly kind: string;
	readonly because: string;
	readonly atUs: number;
	readonly text: string;
}

export interface TraceRecord {
	readonly kind: "request" | "frame";
	readonly traceId: string;
	readonly spanId: string;
	readonly name: string;
	readonly version: string;
	readonly attributes: Readonly<Record<string, string | number | boolean>>;
	readonly startUnixUs: number;
	readonly durationUs: number;
	readonly outcome: string;
	readonly reason: string | null;
	readonly detail: string;
	readonly deadlineUs: number | null;
	readonly isMissed: boolean;
	readonly stages: readonly TraceStage[];
	readonly decisions: readonly TraceDecision[];
	readonly batch: {
		readonly rows: number;
		readonly requestCount: number;
		readonly closedBecause: string;
		readonly device: string;
		readonly lane: number;
		readonly predictedUs: number;
		readonly actualUs: number;
	} | null;
}

/** Rejects with why there is none. */
export async function explain(
	traceId: string,
): Promise<readonly TraceRecord[]> {
	const answer = await fetch(
		`/saccade/v1/explain/${encodeURIComponent(traceId)}`,
	);
	const body = (await answer.json()) as {
		readonly records?: readonly TraceRecord[];
		readonly error?: string;
	};
	if (!answer.ok || body.records === undefined)
		throw new Error(body.error ?? `HTTP ${answer.status}`);
	return body.records;
}
