// Sensor to server, waiting, each stage, and what is between them.
import type { DriveEntry } from "@saccade/protocol/console";

export interface BudgetPart {
	readonly label: string;
	readonly us: number;
	readonly fill: string;
}

const STAGE_FILLS = ["--s1", "--s2", "--s3", "--s4", "--s5", "--s6"];

export function budgetParts(entry: DriveEntry): BudgetPart[] {
	const { measuredUs, receivedUs, startedUs, finishedUs, stages } = entry;
	const parts: BudgetPart[] = [
		{
			label: "on the way",
			us: receivedUs - measuredUs,
			fill: "var(--o-SUPERSEDED)",
		},
	];
	if (startedUs === null)
		return [
			...parts,
			{
				label: "waiting",
				us: finishedUs - receivedUs,
				fill: "var(--o-CANCELLED)",
			},
		];
	parts.push({
		label: "waiting",
		us: startedUs - receivedUs,
		fill: "var(--o-CANCELLED)",
	});
	let spentUs = 0;
	for (const [i, { name, beginUs, endUs }] of stages.entries()) {
		spentUs += endUs - beginUs;
		parts.push({
			label: name,
			us: endUs - beginUs,
			fill: `var(${STAGE_FILLS[i % STAGE_FILLS.length]})`,
		});
	}
	const restUs = finishedUs - startedUs - spentUs;
	if (restUs > 1)
		parts.push({ label: "between", us: restUs, fill: "var(--line-strong)" });
	return parts.map((part) => ({ ...part, us: Math.max(0, part.us) }));
}
