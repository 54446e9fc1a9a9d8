// `saccade doctor`: exit code 1 when something would stop the server.
import { wholeNumber } from "../common/readers.ts";
import { runChecks } from "./doctor/checks.ts";
import { formatTable } from "./table.ts";
import { UsageError } from "./usage-error.ts";

export interface DoctorFlags {
	readonly modelRepository?: readonly string[];
	/** Texts of numbers. */
	readonly httpPort: string;
	readonly grpcPort: string;
	readonly metricsPort: string;
	readonly json?: boolean;
}

export async function doctor(flags: DoctorFlags): Promise<void> {
	const findings = await runChecks({
		repositories: flags.modelRepository ?? [],
		ports: [
			["http", port(flags.httpPort, "--http-port")],
			["grpc", port(flags.grpcPort, "--grpc-port")],
			["metrics", port(flags.metricsPort, "--metrics-port")],
		],
	});
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

function port(text: string, flag: string): number {
	const read = wholeNumber({ max: 65_535 })(text);
	if (read.ok) return read.value;
	throw new UsageError(`${flag}: ${read.problem}, got '${text}'`);
}
