import type { LogEntry } from "@saccade/protocol/console";
import { useEffect, useRef, useState } from "preact/hooks";
import { useItems } from "../data/store.ts";
import { Empty, Panel, Segmented } from "../ui/panel.tsx";

const LEVELS = ["debug", "info", "warn", "error"] as const;
type Level = (typeof LEVELS)[number];

export function LogsView() {
	const lines = useItems("logs");
	const [least, setLeast] = useState<Level>("debug");
	const [text, setText] = useState("");
	const [held, setHeld] = useState<readonly LogEntry[] | null>(null);
	const shown = (held ?? lines).filter(
		(line) =>
			LEVELS.indexOf(line.level) >= LEVELS.indexOf(least) &&
			(text === "" || searchable(line).includes(text.toLowerCase())),
	);
	const box = useRef<HTMLDivElement>(null);
	const newest = shown.at(-1);
	useEffect(() => {
		const element = box.current?.parentElement;
		if (element && held === null) element.scrollTop = element.scrollHeight;
	}, [newest, held]);
	return (
		<div class="view logs-view">
			<Panel
				title="Log"
				flush
				aside={
					<>
						<Segmented
							label="From level"
							options={LEVELS.map((level) => [level, level] as const)}
							value={least}
							onPick={setLeast}
						/>
						<input
							class="field"
							type="search"
							aria-label="Find in the log"
							placeholder="Find…"
							value={text}
							onInput={(event) => setText(event.currentTarget.value)}
						/>
						<button
							type="button"
							class="button"
							aria-pressed={held !== null}
							onClick={() => setHeld(held === null ? lines : null)}
						>
							{held === null ? "Hold" : "Follow"}
						</button>
					</>
				}
			>
				<div ref={box} class="log" role="log" aria-live="off">
					{shown.length === 0 && (
						<Empty>
							{lines.length === 0
								? "Nothing was logged yet."
								: "No line is like that."}
						</Empty>
					)}
					{shown.map((line, i) => (
						<Line key={i} line={line} />
					))}
				</div>
			</Panel>
		</div>
	);
}

function Line({ line }: { readonly line: LogEntry }) {
	const time = new Date(line.unixMs).toISOString();
	return (
		<div class="log-line" data-level={line.level}>
			<time class="dim" dateTime={time}>
				{time.slice(11, 23)}
			</time>
			<b>{line.level}</b>
			<span>
				{line.text}
				{Object.entries(line.fields).map(([name, value]) => (
					<span key={name} class="log-field">
						<i>{name}</i>
						{String(value)}
					</span>
				))}
			</span>
		</div>
	);
}

function searchable({ text, fields }: LogEntry): string {
	return `${text} ${Object.entries(fields).flat().join(" ")}`.toLowerCase();
}
