// What the C library's allocator, which models and buffers live in, keeps of the process' memory without using it: free
// pieces between used ones, which go neither to others nor back to the system.
// https://man7.org/linux/man-pages/man3/mallinfo.3.html
import { readFile } from "node:fs/promises";
import koffi from "koffi";

export interface HostMemoryReading {
	/** Allocated by somebody. */
	readonly usedBytes: number;
	/** In the allocator's lists, resident or given back. */
	readonly freeBytes: number;
	/** Resident memory of the process that is no file's. */
	readonly anonymousBytes: number;
}

/**
 * Share of what the allocator keeps resident that nobody uses, 0 to 1. Of the free pieces only so many can be resident as
 * is resident beyond what is used and JavaScript's heap: what was given back keeps its place in the lists.
 */
export function fragmentationOf(
	{ usedBytes, freeBytes, anonymousBytes }: HostMemoryReading,
	heapBytes: number,
): number {
	const beyondBytes = Math.max(0, anonymousBytes - usedBytes - heapBytes);
	const wastedBytes = Math.min(freeBytes, beyondBytes);
	return wastedBytes === 0 ? 0 : wastedBytes / (usedBytes + wastedBytes);
}

/** `struct mallinfo2`, all `size_t`. */
const MALLINFO2 = [
	...["arena", "ordblks", "smblks", "hblks", "hblkhd"],
	...["usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"],
] as const;

type Mallinfo2 = Readonly<Record<(typeof MALLINFO2)[number], number | bigint>>;

interface ReadMallinfo2 {
	async(done: (error: Error | null, info: Mallinfo2) => void): void;
}

let mallinfo2: ReadMallinfo2 | null | undefined;

/** Null where the C library has none: musl, glibc before 2.33, macOS, Windows. */
function findMallinfo2(): ReadMallinfo2 | null {
	if (mallinfo2 !== undefined) return mallinfo2;
	mallinfo2 = null;
	if (process.platform !== "linux") return mallinfo2;
	try {
		const fields = MALLINFO2.map((name) => [name, "size_t"] as const);
		mallinfo2 = koffi
			.load("libc.so.6")
			.func(
				"mallinfo2",
				koffi.struct(Object.fromEntries(fields)),
				[],
			) as unknown as ReadMallinfo2;
	} catch {}
	return mallinfo2;
}

/** Off the event loop: the allocator walks its lists, which may be long. Null: it cannot be known here. */
export async function readHostMemory(): Promise<HostMemoryReading | null> {
	const read = findMallinfo2();
	if (read === null) return null;
	const [info, status] = await Promise.all([
		new Promise<Mallinfo2>((resolve, reject) =>
			read.async((error, value) =>
				error === null ? resolve(value) : reject(error),
			),
		),
		readFile("/proc/self/status", "utf8"),
	]);
	const anonymousKiB = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
	if (anonymousKiB === undefined) return null;
	return {
		usedBytes: Number(info.uordblks) + Number(info.hblkhd),
		freeBytes: Number(info.fordblks),
		anonymousBytes: 1024 * Number(anonymousKiB),
	};
}
