import { ROUNDS, type Usage } from "../lib/usage.ts";

export const usage: Usage = {
	summary:
		"How soon the console is there, how much it weighs, and how smoothly it draws, in chromium without a graphics card.",
	patternOf: "rows, by id,",
	options: [
		ROUNDS,
		{
			name: "--seconds",
			value: "S",
			about: "of drawing that is measured in each row (default 5)",
		},
	],
	notes: [
		"load/*: from the navigation of a browser without a cache to the first live number, and what was transferred.",
		"fps/*: frames of the screen a second, and frames that were missed, of a page that",
		"  blank: draws nothing; beside it stand the others,",
		"  streams: shows ten streams of 30 readings a second,",
		"  cloud: turns a cloud of 100,000 points, ten new ones a second; cloud-still: shows them, and turns nothing.",
		"Chromium draws with SwiftShader, on the same cores as the server and this bench.",
		"All rows with 5 rounds and 5 seconds write bench/results/console.json; any other run only prints.",
	],
};
