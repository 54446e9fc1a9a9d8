/** Of what Triton's options say. */
export function logLevel(verbose: number, info: boolean) {
	if (verbose > 0) return "debug";
	return info ? "info" : "warn";
}
