// Advisory locks between processes, as flock(2) has them: the kernel lets go of them when their holder ends, however
// it ends, and they work across containers that share a folder. Node has none, so that libc is asked.
import koffi from "koffi";
import { SaccadeError } from "../../../errors/saccade-error.ts";

const SHARED = 1;
const EXCLUSIVE = 2;
const WITHOUT_WAITING = 4;

type LockKind = "shared" | "exclusive";

interface Flock {
	(file: number, operation: number): number;
	async(
		file: number,
		operation: number,
		done: (error: Error | null, result: number) => void,
	): void;
}

const LIBRARY: Readonly<Record<string, string>> = {
	linux: "libc.so.6",
	darwin: "libSystem.B.dylib",
};

let known: Flock | null | undefined;

/** Null where there are none: Windows, and systems whose C library has another name. */
function findFlock(): Flock | null {
	if (known !== undefined) return known;
	known = null;
	const name = LIBRARY[process.platform];
	try {
		if (name !== undefined)
			known = koffi
				.load(name)
				.func("flock", "int", ["int", "int"]) as unknown as Flock;
	} catch {
		// musl: libc is named by its architecture, and is loaded already.
		known = findMuslFlock();
	}
	return known;
}

function findMuslFlock(): Flock | null {
	try {
		return koffi
			.load(null)
			.func("flock", "int", ["int", "int"]) as unknown as Flock;
	} catch {
		return null;
	}
}

export function canLockFiles(): boolean {
	return findFlock() !== null;
}

/** False when another process holds a lock that forbids it. The lock ends with the last descriptor of this opening. */
export function tryLock(file: number, kind: LockKind): boolean {
	return flock()(file, operationOf(kind) | WITHOUT_WAITING) === 0;
}

/** Waits off the event loop. */
export function lockFile(file: number, kind: LockKind): Promise<void> {
	return new Promise((resolve, reject) => {
		flock().async(file, operationOf(kind), (error, result) => {
			if (error === null && result === 0) resolve();
			else reject(error ?? new SaccadeError("INTERNAL", "flock failed"));
		});
	});
}

function operationOf(kind: LockKind): number {
	return kind === "shared" ? SHARED : EXCLUSIVE;
}

function flock(): Flock {
	const found = findFlock();
	if (found === null)
		throw new SaccadeError("UNSUPPORTED", "this system has no flock(2)");
	return found;
}
