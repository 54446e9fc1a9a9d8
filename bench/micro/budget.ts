// The design's budget of CPU per small request at 64 in flight: `bench micro` prints it beside what it measures.

export const BUDGET_US = {
	wire: 2,
	"decode + encode": 1.2,
	endpoint: 0.4,
	scheduling: 1.2,
	"gather/split": 0.5,
	run: 1.5,
	telemetry: 0.4,
} as const;

export type BudgetRow = keyof typeof BUDGET_US;

export const BUDGET_ROWS: readonly BudgetRow[] = Object.keys(
	BUDGET_US,
) as BudgetRow[];
