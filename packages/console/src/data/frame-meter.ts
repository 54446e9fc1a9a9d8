// How smoothly the page draws: frames of the screen a second, and those that were missed.
import { useEffect, useState } from "preact/hooks";

export interface FrameRate {
	readonly fps: number;
	/** Since the page was opened. */
	readonly dropped: number;
	readonly frames: number;
}

let rate: FrameRate = { fps: 0, dropped: 0, frames: 0 };
const listeners = new Set<() => void>();

/** A frame that took longer than this many periods is one that was missed. */
const LATE = 1.5;
const WINDOW_MS = 1000;

let lastMs = 0;
let windowMs = 0;
let windowFrames = 0;
let windowDropped = 0;
/** Of the screen: the shortest that is seen often. 60 a second until more is known. */
const periodMs = 1000 / 60;

function frame(nowMs: number): void {
	const gapMs = nowMs - lastMs;
	// A page that was hidden dropped nothing.
	if (lastMs > 0 && gapMs < WINDOW_MS) {
		windowFrames++;
		windowMs += gapMs;
		if (gapMs > LATE * periodMs)
			windowDropped += Math.round(gapMs / periodMs) - 1;
	}
	lastMs = nowMs;
	if (windowMs >= WINDOW_MS) {
		rate = {
			fps: (1000 * windowFrames) / windowMs,
			dropped: rate.dropped + windowDropped,
			frames: rate.frames + windowFrames,
		};
		windowMs = 0;
		windowFrames = 0;
		windowDropped = 0;
		// Tests and people with a debugger read it here.
		document.documentElement.dataset["fps"] = rate.fps.toFixed(1);
		document.documentElement.dataset["droppedFrames"] = String(rate.dropped);
		for (const listener of listeners) listener();
	}
	requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
document.addEventListener("visibilitychange", () => {
	lastMs = 0;
});

export function useFrameRate(): FrameRate {
	const [, setVersion] = useState(0);
	useEffect(() => {
		const listener = () => setVersion((version) => version + 1);
		listeners.add(listener);
		return () => {
			listeners.delete(listener);
		};
	}, []);
	return rate;
}
