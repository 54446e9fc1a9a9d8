// A start leaves garbage and a young generation grown by it, which V8 keeps for as long as nothing is allocated:
// 14 of 124 MB. One full collection hands them back. It holds the thread for some 30 ms, so it is for a moment when
// nobody is served.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: {
	readonly type: "major";
	readonly execution: "sync";
	readonly flavor: "last-resort";
}) => void;

export function collectGarbage(): void {
	// V8 gives `gc` to contexts that are made after the flag (src/extensions/gc-extension.cc).
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as Collect;
	setFlagsFromString("--no-expose-gc");
	collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
