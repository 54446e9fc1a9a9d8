import { useState } from "preact/hooks";
import { admin, useAdmin } from "../data/admin.ts";
import { bytes, count, duration } from "../data/format.ts";
import { useEntries } from "../data/store.ts";
import { Chip, Panel, Segmented } from "../ui/panel.tsx";
import { setTheme, useTheme } from "../ui/theme.ts";

export function SettingsView() {
	return (
		<div class="view settings-view">
			<div class="stack">
				<AccessPanel />
				<AppearancePanel />
				<LoggingPanel />
				<RecordingPanel />
				<UpdatesPanel />
			</div>
			<OptionsPanel />
		</div>
	);
}

function AccessPanel() {
	const about = useEntries("server").get("about");
	const { isAdmin, problem } = useAdmin();
	const [token, setToken] = useState("");
	const hasToken = about?.kind === "about" && about.hasAdminToken;
	return (
		<Panel
			title="Access"
			aside={
				<Chip tone={isAdmin ? "warn" : "none"}>
					{isAdmin ? "may change" : "read only"}
				</Chip>
			}
		>
			{!hasToken ? (
				<p class="dim">
					This console only looks. Start the server with{" "}
					<code class="mono">--admin-token-file</code> and give the token here
					to load models, record, and change the log.
				</p>
			) : isAdmin ? (
				<div class="row">
					<span class="grow dim">
						The token is kept by this page alone, until it is closed.
					</span>
					<button type="button" class="button" onClick={() => admin.forget()}>
						Look only
					</button>
				</div>
			) : (
				<form
					class="row"
					onSubmit={(event) => {
						event.preventDefault();
						void admin.offer(token).then(() => setToken(""));
					}}
				>
					<input
						class="field grow"
						type="password"
						autocomplete="off"
						aria-label="Admin token"
						placeholder="Admin token"
						value={token}
						onInput={(event) => setToken(event.currentTarget.value)}
					/>
					<button type="submit" class="button primary" disabled={token === ""}>
						Unlock
					</button>
				</form>
			)}
			{problem !== "" && (
				<p class="bad" role="alert">
					{problem}
				</p>
			)}
		</Panel>
	);
}

function AppearancePanel() {
	const { theme } = useTheme();
	return (
		<Panel title="Appearance">
			<Segmented
				label="Theme"
				options={[
					["system", "As the system"],
					["dark", "Dark"],
					["light", "Light"],
				]}
				value={theme}
				onPick={setTheme}
			/>
		</Panel>
	);
}

function LoggingPanel() {
	const logging = useEntries("server").get("logging");
	const { isAdmin } = useAdmin();
	if (logging?.kind !== "logging") return null;
	const level =
		logging.verboseLevel > 0 ? "debug" : logging.info ? "info" : "warn";
	return (
		<Panel title="Log" aside={<span class="mono">{level} and above</span>}>
			{isAdmin ? (
				<Segmented
					label="Level"
					options={[
						["debug", "debug"],
						["info", "info"],
						["warn", "warnings"],
					]}
					value={level}
					onPick={(next) =>
						void admin.post("/v2/logging", {
							log_verbose_level: next === "debug" ? 1 : 0,
							log_info: next !== "warn",
						})
					}
				/>
			) : (
				<p class="dim">The level changes with the admin token.</p>
			)}
		</Panel>
	);
}

function RecordingPanel() {
	const recording = useEntries("server").get("recording");
	const { isAdmin } = useAdmin();
	const isOn = recording?.kind === "recording" && recording.state !== "ended";
	return (
		<Panel
			title="Recording"
			aside={
				<Chip tone={isOn ? "bad" : "none"}>{isOn ? "recording" : "off"}</Chip>
			}
		>
			{recording?.kind === "recording" && (
				<dl class="facts">
					<dt>File</dt>
					<dd class="mono">{recording.file}</dd>
					<dt>Size</dt>
					<dd class="num">
						{bytes(recording.fileBytes)}, {count(recording.messageCount)}{" "}
						messages
					</dd>
					<dt>Length</dt>
					<dd class="num">{duration(recording.seconds)}</dd>
					{recording.droppedCount > 0 && (
						<>
							<dt>Dropped</dt>
							<dd class="num warn">{count(recording.droppedCount)}</dd>
						</>
					)}
				</dl>
			)}
			{isAdmin ? (
				<button
					type="button"
					class={isOn ? "button danger" : "button"}
					onClick={() =>
						void admin.post(
							isOn ? "/saccade/v1/recordings/stop" : "/saccade/v1/recordings",
							{},
						)
					}
				>
					{isOn ? "Stop recording" : "Record what streams and models do"}
				</button>
			) : (
				recording === undefined && (
					<p class="dim">Nothing was recorded since the server started.</p>
				)
			)}
		</Panel>
	);
}

function UpdatesPanel() {
	const entry = useEntries("server").get("console");
	if (entry?.kind !== "console") return null;
	return (
		<Panel title="Consoles">
			<dl class="facts">
				<dt>Open</dt>
				<dd class="num">{count(entry.clients)}</dd>
				<dt>Updates left out</dt>
				<dd class="num">
					{count(entry.droppedTicks)}{" "}
					<span class="dim">
						for pages that draw slower than the server tells
					</span>
				</dd>
			</dl>
		</Panel>
	);
}

function OptionsPanel() {
	const options = useEntries("options");
	const [text, setText] = useState("");
	const [isAll, setIsAll] = useState(true);
	const shown = [...options.values()].filter(
		(option) =>
			(isAll || !option.isDefault) &&
			`${option.flag} ${option.meaning}`
				.toLowerCase()
				.includes(text.toLowerCase()),
	);
	return (
		<Panel
			title="Options of the server"
			flush
			aside={
				<>
					<Segmented
						label="Which"
						options={[
							["all", "All"],
							["set", "Changed"],
						]}
						value={isAll ? "all" : "set"}
						onPick={(which) => setIsAll(which === "all")}
					/>
					<input
						class="field"
						type="search"
						aria-label="Find an option"
						placeholder="Find…"
						value={text}
						onInput={(event) => setText(event.currentTarget.value)}
					/>
				</>
			}
		>
			<table class="grid options-table">
				<thead>
					<tr>
						<th class="left">Option</th>
						<th class="left">Value</th>
						<th class="left">Meaning</th>
					</tr>
				</thead>
				<tbody>
					{shown.map(({ flag, value, isDefault, meaning }) => (
						<tr key={flag}>
							<td class="left mono">--{flag}</td>
							<td class={`left mono ${isDefault ? "dim" : ""}`}>
								{value === "" ? "–" : value}
							</td>
							<td class="left dim wrap">{withCode(meaning)}</td>
						</tr>
					))}
				</tbody>
			</table>
		</Panel>
	);
}

/** What stands between backticks, as code. */
function withCode(text: string) {
	return text
		.split("`")
		.map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part));
}
