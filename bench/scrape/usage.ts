import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"What a scrape of the metrics of 200 models takes, and by how much it delays an inference.",
	patternOf: "rows, by id,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about:
				"of each kind of window in each round: no scrapes, scrapes, a page of somebody else (default 4)",
		},
	],
	notes: [
		"scrape-200-models/time: from the request to the last byte, in another process than the server's.",
		"scrape-200-models/hold, compose: CPU time of the thread for which the page holds the event loop at a time, and in all,",
		"in the bench's own process, when every model answered something since the page before.",
		"inference: in the server's process, one every 2 ms, from the instant at which it was due; `scraped` are those",
		"during which a scrape was under way. All have a timer's lateness in them, so the delay is their difference.",
		"beside: the scraper reads as large a page of another process, so that what it delays is the cores that reading takes.",
		"inference-on-core: without the time for which the server's thread could have run and waited for a core (schedstat):",
		"what is left of the delay is the page's, its collections among it.",
		"collection/longest: pauses of the server for garbage collection in windows of each kind.",
		"All rows with 5 rounds and 4 seconds write bench/results/scrape.json; any other run only prints.",
	],
};
