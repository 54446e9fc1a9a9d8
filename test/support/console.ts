// A console without a page: what its one WebSocket tells, taken in as fast as it comes.
import { ConsoleLink } from "@saccade/client/console";
import type { MediaHead } from "@saccade/protocol/console";

export interface FollowedConsole {
	readonly link: ConsoleLink;
	readonly media: { readonly head: MediaHead; readonly bytes: Uint8Array }[];
	/** Resolves when `isSo` holds after a tick; rejects after 20 s. */
	until(isSo: (link: ConsoleLink) => boolean): Promise<void>;
	close(): void;
}

const WITHIN_MS = 20_000;

/** @param isSeen whether it says that it has seen its ticks: one that does not is told no more after two */
export function followConsole(
	origin: string,
	topics: readonly string[],
	isSeen = true,
): FollowedConsole {
	const waiting = new Set<() => void>();
	const media: FollowedConsole["media"] = [];
	const link = new ConsoleLink(origin, {
		tick: (_topics, seen) => {
			if (isSeen) seen();
			for (const look of [...waiting]) look();
		},
		media: (head, bytes) => media.push({ head, bytes }),
		state: () => {},
	});
	link.want(topics);
	return {
		link,
		media,
		until: (isSo) =>
			new Promise((resolve, reject) => {
				const timer = setTimeout(() => {
					waiting.delete(look);
					reject(new Error(`not so within ${WITHIN_MS} ms: ${isSo}`));
				}, WITHIN_MS);
				const look = () => {
					if (!isSo(link)) return;
					clearTimeout(timer);
					waiting.delete(look);
					resolve();
				};
				waiting.add(look);
				look();
			}),
		close: () => link.close(),
	};
}
