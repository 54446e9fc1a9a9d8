/** Where the thread's monotonic clock began, on the clock that all threads of the process share, in µs. */
export function clockOriginUs(): number {
	return Number(process.hrtime.bigint()) / 1000 - performance.now() * 1000;
}
