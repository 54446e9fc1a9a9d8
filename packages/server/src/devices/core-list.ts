// Lists of cores as Linux writes them: "0-3,6".
// https://man7.org/linux/man-pages/man7/cpuset.7.html#FORMATS

/** Bits of glibc's `cpu_set_t`. */
export const MOST_CORES = 1024;

/** Ascending, each once; null for what is no such list. */
export function parseCoreList(text: string): readonly number[] | null {
	const cores = new Set<number>();
	for (const part of text.split(",")) {
		const range = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part);
		if (range === null) return null;
		const first = Number(range[1]);
		const last = Number(range[2] ?? first);
		if (last < first || last >= MOST_CORES) return null;
		for (let core = first; core <= last; core++) cores.add(core);
	}
	return [...cores].sort((a, b) => a - b);
}

export function showCoreList(cores: readonly number[]): string {
	const parts: string[] = [];
	for (let from = 0; from < cores.length; ) {
		let to = from;
		while (cores[to + 1] === cores[to]! + 1) to++;
		parts.push(from === to ? `${cores[from]}` : `${cores[from]}-${cores[to]}`);
		from = to + 1;
	}
	return parts.join(",");
}
