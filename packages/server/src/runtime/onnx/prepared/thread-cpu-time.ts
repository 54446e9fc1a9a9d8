// Time of the processor that the calling thread took. Node asks getrusage(2), which tells it as of the last tick of the
// kernel: every 4 ms, a twentieth of one run of ResNet-50. The thread's own clock is exact.
// https://man7.org/linux/man-pages/man3/clock_gettime.3.html
import koffi from "koffi";

const CLOCK_THREAD_CPUTIME_ID = 3;

type GetTime = (clock: number, time: BigInt64Array) => number;

let known: GetTime | null | undefined;

/** Null where it is not Linux, whose numbers these are. */
function findGetTime(): GetTime | null {
	if (known !== undefined) return known;
	known = null;
	if (process.platform !== "linux") return known;
	try {
		// null: whatever C library is loaded already.
		known = koffi
			.load(null)
			.func("clock_gettime", "int", ["int", "void *"]) as unknown as GetTime;
	} catch {}
	return known;
}

/** Seconds and nanoseconds, as the C library writes them on 64-bit systems. */
const time = new BigInt64Array(2);

/** In ms; only differences tell something. */
export function threadCpuMs(): number {
	if (findGetTime()?.(CLOCK_THREAD_CPUTIME_ID, time) === 0)
		return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
	const { user, system } = process.threadCpuUsage();
	return (user + system) / 1000;
}
