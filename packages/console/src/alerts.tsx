// What needs somebody's attention, from what the server tells anyway.
import { OUTCOMES } from "@saccade/protocol";
import { percent } from "./data/format.ts";
import { secondsOf } from "./data/frames.ts";
import { serverNowMs, useEntries } from "./data/store.ts";
import { Icon } from "./ui/icons.tsx";

interface Alert {
	readonly tone: "warn" | "bad";
	readonly text: string;
	readonly view: string;
}

const LATELY_S = 10;
/** Share of frames that miss their deadline; the promise of the drive is one in a hundred. */
const MISSED_FROM = 0.01;
const MOST_SHOWN = 4;

export function Alerts() {
	const devices = useEntries("devices");
	const sensors = useEntries("sensors");
	const models = useEntries("models");
	const server = useEntries("server");
	const bins = useEntries("frames");
	const alerts: Alert[] = [];
	for (const { name, state, because } of devices.values())
		if (state !== "healthy")
			alerts.push({
				tone: "bad",
				text: `Device ${name} is out of use: a run ${because === "hung" ? "hangs" : "failed"} there`,
				view: "devices",
			});
	const silent = [...sensors.values()].filter(({ isAlive }) => !isAlive);
	if (silent.length > 0)
		alerts.push({
			tone: "warn",
			text: `No sign of life from ${silent
				.slice(0, 3)
				.map(({ deviceId }) => deviceId)
				.join(
					", ",
				)}${silent.length > 3 ? ` and ${silent.length - 3} more` : ""}`,
			view: "streams",
		});
	const missed = missedShare(bins.values());
	if (missed > MISSED_FROM)
		alerts.push({
			tone: "warn",
			text: `${percent(missed)} of frames missed their deadline in the last ${LATELY_S} s`,
			view: "streams",
		});
	for (const { name, version, state, reason } of models.values())
		if (state === "UNAVAILABLE" && reason !== "unloaded")
			alerts.push({
				tone: "bad",
				text: `Model ${name} ${version} is not served: ${reason.slice(0, 120)}`,
				view: "models",
			});
	const recording = server.get("recording");
	if (recording?.kind === "recording" && recording.problem !== null)
		alerts.push({
			tone: "bad",
			text: `The recording ended: ${recording.problem}`,
			view: "settings",
		});
	if (alerts.length === 0) return null;
	return (
		<ul class="alerts" aria-label="Alerts">
			{alerts.slice(0, MOST_SHOWN).map(({ tone, text, view }) => (
				<li key={text} data-tone={tone}>
					<Icon name="alert" />
					<a href={`#/${view}`}>{text}</a>
				</li>
			))}
			{alerts.length > MOST_SHOWN && (
				<li>and {alerts.length - MOST_SHOWN} more</li>
			)}
		</ul>
	);
}

function missedShare(bins: Parameters<typeof secondsOf>[0]): number {
	const to = Math.floor(serverNowMs() / 1000);
	const expired = OUTCOMES.indexOf("EXPIRED");
	let all = 0;
	let late = 0;
	for (const { outcomes, slackMs } of secondsOf(bins, "", {
		from: to - LATELY_S,
		to,
	})) {
		if (slackMs === null) continue;
		for (const value of outcomes) all += value;
		late += outcomes[expired] ?? 0;
	}
	return all < 20 ? 0 : late / all;
}
