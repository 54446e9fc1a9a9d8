// What the views know, from the one link: each view says which topics it draws, and is drawn again when one of them
// changed, once a frame of the screen. Only when that is done does the server hear that it may go on.
import { ConsoleLink, type LinkState } from "@saccade/client/console";
import type {
	KeyedTopic,
	KeyedTopics,
	MediaHead,
	TailTopic,
	TailTopics,
} from "@saccade/protocol/console";
import { useEffect, useState } from "preact/hooks";

type MediaListener = (head: MediaHead, bytes: Uint8Array<ArrayBuffer>) => void;

const topicListeners = new Map<string, Set<() => void>>();
const mediaListeners = new Map<string, MediaListener>();
const stateListeners = new Set<() => void>();
const afterTick = new Set<(topics: readonly string[]) => void>();
let linkState: LinkState = { kind: "connecting" };
let isWantDue = false;

const changed = new Set<string>();
let drawn: (() => void)[] = [];
let isDrawDue = false;

export const link: ConsoleLink = new ConsoleLink(location.origin, {
	tick: (topics, seen) => {
		for (const topic of topics) changed.add(topic);
		drawn.push(seen);
		if (isDrawDue) return;
		isDrawDue = true;
		requestAnimationFrame(draw);
	},
	media: (head, bytes) => mediaListeners.get(head.topic)?.(head, bytes),
	state: (state) => {
		linkState = state;
		for (const listener of stateListeners) listener();
	},
});

function draw(): void {
	isDrawDue = false;
	const topics = [...changed];
	changed.clear();
	const seen = drawn;
	drawn = [];
	for (const listener of afterTick) listener(topics);
	const due = new Set(
		topics.flatMap((topic) => [...(topicListeners.get(topic) ?? [])]),
	);
	for (const listener of due) listener();
	// The last one tells of all before it.
	seen.at(-1)?.();
}

function wantLater(): void {
	if (isWantDue) return;
	isWantDue = true;
	queueMicrotask(() => {
		isWantDue = false;
		link.want([...topicListeners.keys(), ...mediaListeners.keys()]);
	});
}

function listen(topic: string, listener: () => void): () => void {
	const listeners = topicListeners.get(topic) ?? new Set();
	topicListeners.set(topic, listeners.add(listener));
	wantLater();
	return () => {
		listeners.delete(listener);
		if (listeners.size === 0) topicListeners.delete(topic);
		wantLater();
	};
}

/** Calls `listener` with the topics of each tick, before views are drawn. */
export function onTick(
	listener: (topics: readonly string[]) => void,
): () => void {
	afterTick.add(listener);
	return () => afterTick.delete(listener);
}

/** Follows topics without drawing anything. */
export function follow(...topics: readonly string[]): () => void {
	const stops = topics.map((topic) => listen(topic, () => {}));
	return () => {
		for (const stop of stops) stop();
	};
}

export function followMedia(
	topic: string,
	listener: MediaListener,
): () => void {
	mediaListeners.set(topic, listener);
	wantLater();
	return () => {
		if (mediaListeners.get(topic) === listener) mediaListeners.delete(topic);
		wantLater();
	};
}

function useListening(topic: string): void {
	const [, setVersion] = useState(0);
	useEffect(
		() => listen(topic, () => setVersion((version) => version + 1)),
		[topic],
	);
}

export function useEntries<T extends KeyedTopic>(
	topic: T,
): ReadonlyMap<string, KeyedTopics[T]> {
	useListening(topic);
	return link.entries(topic);
}

export function useItems<T extends TailTopic>(
	topic: T,
): readonly TailTopics[T][] {
	useListening(topic);
	return link.items(topic);
}

export function useLinkState(): LinkState {
	const [state, setState] = useState(linkState);
	useEffect(() => {
		const listener = () => setState(linkState);
		listener();
		stateListeners.add(listener);
		return () => {
			stateListeners.delete(listener);
		};
	}, []);
	return state;
}

/** Now, on the server's clock. */
export function serverNowMs(): number {
	return performance.now() + link.clockOffsetMs;
}

/** The server's wall clock, as far as it said. */
export function serverWallMs(): number {
	const about = link.entries("server").get("about");
	return about?.kind === "about"
		? serverNowMs() + about.wallOffsetMs
		: Date.now();
}
