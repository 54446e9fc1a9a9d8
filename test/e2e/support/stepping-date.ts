// Loaded before the server: each SIGUSR2 steps its wall clock, an hour ahead, two back, an hour ahead, … as an
// administrator or a time server would. Says so on standard error.
const HOUR_MS = 3_600_000;
const STEPS_MS = [HOUR_MS, -HOUR_MS, 0];

const realNow = Date.now;
let at = 0;
let shiftMs = 0;

class SteppedDate extends Date {
	constructor(...given: ConstructorParameters<typeof Date> | []) {
		if (given.length === 0) super(realNow() + shiftMs);
		else super(...given);
	}
	static override now(): number {
		return realNow() + shiftMs;
	}
}
globalThis.Date = SteppedDate as DateConstructor;

process.on("SIGUSR2", () => {
	shiftMs = STEPS_MS[at++ % STEPS_MS.length] ?? 0;
	process.stderr.write(`stepped to ${shiftMs} ms\n`);
});
