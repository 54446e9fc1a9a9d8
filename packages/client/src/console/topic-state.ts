// What is known of one topic, from its changes.
import type { TopicChange } from "@saccade/protocol/console";

export class TopicState {
	/** Of a topic with keys. */
	readonly entries = new Map<string, unknown>();
	/** Of a topic that is a tail, oldest first. */
	items: readonly unknown[] = [];
	/** Number of the item after the last. */
	#next = 0;

	apply(change: TopicChange): void {
		switch (change.kind) {
			case "all":
				this.entries.clear();
				this.#set(change.entries);
				return;
			case "some":
				for (const key of change.gone) this.entries.delete(key);
				this.#set(change.set);
				return;
			case "tail": {
				const { from, items, keep } = change;
				// After a gap, or of a server that started anew, the older ones say nothing.
				const before = from === this.#next ? this.items : [];
				this.items = [...before, ...items].slice(-keep);
				this.#next = from + items.length;
			}
		}
	}

	#set(entries: Readonly<Record<string, unknown>>): void {
		for (const [key, entry] of Object.entries(entries))
			this.entries.set(key, entry);
	}
}
