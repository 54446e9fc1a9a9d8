// The thread that owns a recording's file: opens it, which fails where there is one, and writes what it is sent.
import { closeSync, openSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { McapFile } from "./mcap-file.ts";
import { messagesOf } from "./message-batch.ts";
import type {
	FromRecordingThread,
	RecordingThreadData,
	ToRecordingThread,
} from "./recording-thread.ts";

const { path, library, flushAfterMs } = workerData as RecordingThreadData;
let fd: number | null = null;
let file: McapFile | null = null;
let flushTimer: NodeJS.Timeout | null = null;

function tell(message: FromRecordingThread): void {
	parentPort?.postMessage(message);
}

/** The first failure is told; nothing is written after it. */
function guarded(action: () => void): void {
	try {
		action();
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		tell({ kind: "failed", code: code ?? "", text: message });
		close();
	}
}

function close(): void {
	if (flushTimer !== null) clearTimeout(flushTimer);
	file = null;
	if (fd !== null) closeSync(fd);
	fd = null;
	parentPort?.close();
}

function flushLater(): void {
	if (flushTimer !== null || file?.hasUnwritten !== true) return;
	flushTimer = setTimeout(() => {
		flushTimer = null;
		guarded(() => file?.flush());
		tell({ kind: "written", takenBytes: 0, fileBytes: file?.byteLength ?? 0 });
	}, flushAfterMs);
}

guarded(() => {
	fd = openSync(path, "wx", 0o600);
	file = new McapFile(fd, library);
	tell({ kind: "open" });
});

parentPort?.on("message", (message: ToRecordingThread) =>
	guarded(() => {
		if (file === null) return;
		if (message.kind === "end") {
			file.end();
			tell({ kind: "ended", fileBytes: file.byteLength });
			close();
			return;
		}
		for (const { id, spec } of message.channels) file.addChannel(id, spec);
		for (const one of messagesOf(message.bytes)) file.addMessage(one);
		flushLater();
		tell({
			kind: "written",
			takenBytes: message.bytes.byteLength,
			fileBytes: file.byteLength,
		});
	}),
);
