// Plain JavaScript for browsers. It asks again half a second after each answer, so a slow server is not asked more often.
export const CONSOLE_SCRIPT = `
"use strict";
const at = (id) => document.getElementById(id);
const say = (id, text) => { if (at(id).textContent !== text) at(id).textContent = text; };
const sum = (outcomes) => Object.values(outcomes).reduce((a, b) => a + b, 0);
const ms = (value) => value.toFixed(1) + " ms";
let before = null;

function rows(body, lines) {
	body.replaceChildren(...lines.map((cells) => {
		const row = document.createElement("tr");
		for (const cell of cells) row.insertCell().textContent = cell;
		return row;
	}));
}

function show(live) {
	const seconds = before === null ? 0 : (live.nowMs - before.nowMs) / 1000;
	const rate = (pipeline) => {
		const old = before?.pipelines.find(({ name }) => name === pipeline.name);
		return old && seconds > 0 ? (sum(pipeline.outcomes) - sum(old.outcomes)) / seconds : null;
	};
	const number = (value) => value === null ? "–" : value.toFixed(value < 10 ? 1 : 0);
	rows(at("pipelines"), live.pipelines.map((pipeline) => {
		const { RESULT, SUPERSEDED, EXPIRED, SHED, INVALID, ...other } = pipeline.outcomes;
		const age = pipeline.ageMs;
		return [pipeline.name, number(rate(pipeline)), RESULT, SUPERSEDED, EXPIRED, SHED, INVALID, sum(other), age ? age.p50.toFixed(1) : "–", age ? age.p99.toFixed(1) : "–"];
	}));
	rows(at("streams"), live.streams.map((stream) => [stream.id, stream.name, stream.pipeline, stream.running, stream.waiting]));
	say("count", live.streamCount > live.streams.length ? live.streams.length + " of " + live.streamCount : String(live.streamCount));
	at("empty").hidden = live.pipelines.length > 0;
	const rates = live.pipelines.map(rate).filter((one) => one !== null);
	say("rate", rates.length === 0 ? "–" : number(rates.reduce((a, b) => a + b, 0)));
	const frames = live.pipelines.reduce((all, { outcomes }) => all + sum(outcomes), 0);
	const results = live.pipelines.reduce((all, { outcomes }) => all + outcomes.RESULT, 0);
	say("share", frames === 0 ? "–" : (100 * results / frames).toFixed(2) + " %");
	showDecision(live);
	before = live;
}

function showDecision(live) {
	const decided = live.pipelines.filter(({ decision }) => decision !== null);
	const newest = decided.sort((a, b) => a.decision.agoMs - b.decision.agoMs)[0];
	if (newest === undefined) return;
	const { action, reasons, targets, agoMs, isValid, deviceId } = newest.decision;
	at("decision").dataset.action = isValid ? action : "none";
	say("action", isValid ? action : action + " (over)");
	say("reasons", reasons.join(", "));
	say("targets", targets.map(({ name, value }) => name + " " + value.toFixed(2)).concat("from " + deviceId + " by " + newest.name, (agoMs / 1000).toFixed(1) + " s ago").join(" · "));
	say("p50", newest.ageMs ? ms(newest.ageMs.p50) : "–");
	say("p99", newest.ageMs ? ms(newest.ageMs.p99) : "–");
}

async function run() {
	for (;;) {
		try {
			const answer = await fetch("/saccade/v1/live", { cache: "no-store" });
			if (!answer.ok) throw new Error("HTTP " + answer.status);
			show(await answer.json());
			say("state", "live");
		} catch (error) {
			say("state", "no answer from the server (" + error.message + "); trying again");
		}
		await new Promise((resolve) => setTimeout(resolve, document.hidden ? 5000 : 500));
	}
}
run();
`;
