// An entry that is open: evictors of all processes leave it alone until it is let go.
import { closeSync, fstatSync, futimesSync, openSync } from "node:fs";
import { tryLock } from "./file-lock.ts";

export interface EntryPin {
	release(): void;
}

/** Null: the entry is not there any more, or is being evicted. @param used the file of that name of the entry */
export function pinEntry(used: string): EntryPin | null {
	let file: number;
	try {
		file = openSync(used, "r");
	} catch {
		return null;
	}
	// Between opening and locking it may have been unlinked.
	if (!tryLock(file, "shared") || fstatSync(file).nlink === 0) {
		closeSync(file);
		return null;
	}
	touch(file);
	let isOpen = true;
	return {
		release: () => {
			if (!isOpen) return;
			isOpen = false;
			closeSync(file);
		},
	};
}

/** A cache that is read-only has no order of use, and evicts nothing. */
function touch(file: number): void {
	try {
		const now = new Date();
		futimesSync(file, now, now);
	} catch {}
}
