// A log on a disk that fills up, or in a folder whose rights are taken away, in a process of its own: it needs a
// small file system and a user who is not root. Prints what the log told, and what is in it at the end.
//   node hostile-disk-probe.ts full|denied FOLDER
import { chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ManualClock } from "../../common/manual-clock.ts";
import { AuditLog } from "../audit-log.ts";
import { loadOf, verifyFile } from "./log-files.ts";

const NOBODY = 65_534;
const [hazard, folder = ""] = process.argv.slice(2);
const filler = join(folder, "filler");
const told: string[] = [];
let heard: (() => void) | null = null;
const tell = (text: string) => {
	told.push(text);
	heard?.();
};

/** Until the log tells something that begins with `text`. */
async function untilTold(text: string): Promise<void> {
	while (!told.some((each) => each.startsWith(text)))
		await new Promise<void>((resolve) => {
			heard = resolve;
		});
}

function strike(): void {
	if (hazard === "denied") {
		chmodSync(folder, 0o500);
		return;
	}
	for (let size = 65_536; size >= 1; size = size >> 1)
		try {
			for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: "a" });
		} catch {
			// As much as goes in.
		}
}

function relent(): void {
	if (hazard === "denied") chmodSync(folder, 0o700);
	else rmSync(filler);
}

if (hazard === "denied" && process.getuid?.() === 0) {
	chownSync(folder, NOBODY, NOBODY);
	process.setuid?.(NOBODY);
}
const clock = new ManualClock();
const path = join(folder, "audit.db");
const log = new AuditLog({
	path,
	maxEvents: 1000,
	keyPem: "",
	clock,
	nowMs: () => 1,
	maxWaiting: 3,
	listener: {
		headChanged: ({ seq }) => tell(`head ${seq}`),
		tampered: (text) => tell(`tampered: ${text}`),
		failed: (text) => tell(`failed: ${text}`),
		recovered: () => tell("recovered"),
	},
});
// Keeps the process while only the log's thread has work.
const keepAlive = setInterval(() => {}, 60_000);
log.begin();
log.append(loadOf("before"));
await untilTold("head 1");
strike();
for (const model of ["a", "b", "c", "d", "e"]) log.append(loadOf(model));
await untilTold("failed");
const during = log.status();
relent();
clock.advance(1e6);
await untilTold("recovered");
log.append(loadOf("after"));
await untilTold("head 6");
await log.close();
clearInterval(keepAlive);
const { eventCount, problems } = verifyFile(path);
const after = log.status();
process.stdout.write(
	JSON.stringify({ told, during, after, eventCount, problems }),
);
