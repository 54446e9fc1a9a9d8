// `saccade doctor` and `saccade sysinfo`.
import { diagnose, systemInfo } from "../app/diagnosis.ts";
import { printTable } from "./output.ts";

const PORTS = [8000, 8001, 8002];

export async function doctor(options: {
	readonly modelRepository?: string;
	readonly json?: boolean;
}): Promise<number> {
	const findings = await diagnose(
		options.modelRepository === undefined ? [] : [options.modelRepository],
		PORTS,
	);
	if (options.json === true) console.log(JSON.stringify(findings));
	else
		printTable(
			["", "check", "found", "what to do"],
			findings.map(({ result, check, detail, remedy }) => [
				result,
				check,
				detail,
				remedy,
			]),
		);
	return findings.some(({ result }) => result === "fail") ? 1 : 0;
}

export async function sysinfo(options: {
	readonly json?: boolean;
}): Promise<number> {
	console.log(
		JSON.stringify(systemInfo(), null, options.json === true ? undefined : 2),
	);
	return 0;
}
