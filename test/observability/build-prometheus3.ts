// Optional, so it ends with 0 in any case.
import { buildPrometheus3 } from "./prometheus3.ts";

const why = buildPrometheus3();
process.stdout.write(
	why === null
		? "Prometheus 3 is built\n"
		: `SKIPPED: Prometheus 3 could not be built: ${why}\n`,
);
