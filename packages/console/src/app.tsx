// The frame around the views: where one is, how the server does at a glance, and what needs somebody's attention.
import { useEffect, useState } from "preact/hooks";
import { Alerts } from "./alerts.tsx";
import { duration } from "./data/format.ts";
import { serverNowMs, useEntries } from "./data/store.ts";
import { StatusBar } from "./status-bar.tsx";
import { Icon, type IconName, Mark } from "./ui/icons.tsx";
import { DevicesView } from "./views/devices/devices-view.tsx";
import { DriveView } from "./views/drive/drive-view.tsx";
import { LogsView } from "./views/logs-view.tsx";
import { ModelsView } from "./views/models/models-view.tsx";
import { RequestsView } from "./views/requests/requests-view.tsx";
import { SettingsView } from "./views/settings-view.tsx";
import { StreamsView } from "./views/streams/streams-view.tsx";

const VIEWS = [
	["drive", "Drive", DriveView],
	["streams", "Streams", StreamsView],
	["models", "Models", ModelsView],
	["devices", "Devices", DevicesView],
	["requests", "Requests", RequestsView],
	["logs", "Logs", LogsView],
	["settings", "Settings", SettingsView],
] as const satisfies readonly (readonly [IconName, string, () => unknown])[];

type ViewName = (typeof VIEWS)[number][0];

function viewOf(hash: string): ViewName {
	const name = hash.replace(/^#\/?/, "").split("/", 1)[0];
	return VIEWS.find(([known]) => known === name)?.[0] ?? "drive";
}

export function App() {
	const [view, setView] = useState<ViewName>(() => viewOf(location.hash));
	useEffect(() => {
		const onHash = () => setView(viewOf(location.hash));
		addEventListener("hashchange", onHash);
		addEventListener("keydown", onKey);
		return () => {
			removeEventListener("hashchange", onHash);
			removeEventListener("keydown", onKey);
		};
	}, []);
	const [, title, View] = VIEWS.find(([name]) => name === view) ?? VIEWS[0];
	useEffect(() => {
		document.title = `${title} · Saccade`;
	}, [title]);
	return (
		<div class="shell">
			<div class="brand">
				<Mark />
				<b>Saccade</b>
			</div>
			<StatusBar />
			<nav class="nav" aria-label="Views">
				{VIEWS.map(([name, text], i) => (
					<a
						key={name}
						href={`#/${name}`}
						aria-label={text}
						aria-current={name === view ? "page" : undefined}
						title={`${text} (Alt+${i + 1})`}
					>
						<Icon name={name} />
						<span>{text}</span>
						<kbd>{i + 1}</kbd>
					</a>
				))}
				<About />
			</nav>
			<main class="main">
				<h1 class="visually-hidden">{title}</h1>
				<Alerts />
				<View />
			</main>
		</div>
	);
}

/** Alt and the number of a view opens it. */
function onKey(event: KeyboardEvent): void {
	if (!event.altKey || event.ctrlKey || event.metaKey) return;
	const [name] = VIEWS[Number(/^Digit(\d)$/.exec(event.code)?.[1]) - 1] ?? [];
	if (name === undefined) return;
	event.preventDefault();
	location.hash = `#/${name}`;
}

function About() {
	const about = useEntries("server").get("about");
	if (about?.kind !== "about") return null;
	return (
		<footer>
			<div>
				{about.name} {about.version}
			</div>
			<div>{about.runtime}</div>
			<div>up {duration((serverNowMs() - about.startedMs) / 1000)}</div>
		</footer>
	);
}
