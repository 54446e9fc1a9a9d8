// `saccade doctor`: exit code 1 when something would stop the server.
import { runChecks } from "./doctor/checks.ts";
import { formatTable } from "./table.ts";

export interface DoctorFlags {
	readonly modelRepository?: readonly string[];
	readonly json?: boolean;
}

export async function doctor(flags: DoctorFlags): Promise<void> {
	const findings = await runChecks(flags.modelRepository ?? []);
	if (flags.json === true) console.log(JSON.stringify(findings, null, 2));
	else
		console.log(
			formatTable(
				findings.map(({ state, check, found, remedy }) => [
					state,
					check,
					remedy === "" ? found : `${found}: ${remedy}`,
				]),
			),
		);
	if (findings.some(({ state }) => state === "fail")) process.exitCode = 1;
}
