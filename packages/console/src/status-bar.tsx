// The server at a glance, whichever view is open.
import { bytes, ms, percent, rate } from "./data/format.ts";
import { useFrameRate } from "./data/frame-meter.ts";
import { lately, secondsOf } from "./data/frames.ts";
import { requestsPerS } from "./data/history.ts";
import { serverNowMs, useEntries, useLinkState } from "./data/store.ts";

const LATELY_S = 10;

export function StatusBar() {
	const process = useEntries("server").get("process");
	const bins = useEntries("frames");
	useEntries("models");
	const { fps, dropped } = useFrameRate();
	const state = useLinkState();
	const to = Math.floor(serverNowMs() / 1000);
	const { framesPerS, resultShare } = lately(
		secondsOf(bins.values(), "", { from: to - LATELY_S, to }),
	);
	return (
		<header class="topbar">
			<dl class="topbar-facts" style={{ margin: 0 }}>
				<Fact name="Frames" value={rate(framesPerS)} unit="/s" />
				<Fact name="Ended with a result" value={percent(resultShare, 2)} />
				<Fact name="Requests" value={rate(requestsPerS())} unit="/s" />
				{process?.kind === "process" && (
					<>
						<Fact name="Event loop p99" value={ms(process.loopDelayP99Ms)} />
						<Fact
							name="CPU"
							value={percent(process.cpu, 0)}
							unit={`of ${process.cpuCount}`}
							class="optional"
						/>
						<Fact
							name="Resident"
							value={bytes(process.residentBytes)}
							class="minor"
						/>
						<Fact
							name="Connections"
							value={String(process.connections)}
							class="minor"
						/>
					</>
				)}
			</dl>
			<div class="topbar-end">
				<span
					class="num dim nowrap"
					title={`${dropped} frames of the screen were missed since the page was opened`}
				>
					{fps.toFixed(0)} fps
				</span>
				<output class="link-state">
					<i class="dot" data-tone={state.kind === "open" ? "good" : "bad"} />
					<span>
						{state.kind === "open"
							? "live"
							: state.kind === "connecting"
								? "connecting"
								: state.reason || "no answer; trying again"}
					</span>
				</output>
			</div>
		</header>
	);
}

function Fact(props: {
	readonly name: string;
	readonly value: string;
	readonly unit?: string;
	readonly class?: string;
}) {
	return (
		<div class={`fact ${props.class ?? ""}`}>
			<dt>{props.name}</dt>
			<dd>
				{props.value}
				{props.unit !== undefined && <small>{props.unit}</small>}
			</dd>
		</div>
	);
}
