import type { SensorEntry } from "@saccade/protocol/console";
import { count, ms, us } from "../../data/format.ts";
import { useEntries } from "../../data/store.ts";
import { Chip, Empty, Panel, type Tone } from "../../ui/panel.tsx";

/** Each sensor's rhythm, and how well its clock is known. */
export function SensorsPanel() {
	const sensors = [...useEntries("sensors").values()];
	return (
		<Panel
			class="sensors-panel"
			title="Sensors and their clocks"
			flush
			aside={<span class="num">{count(sensors.length)}</span>}
		>
			{sensors.length === 0 ? (
				<Empty>No sensor is known.</Empty>
			) : (
				<table class="grid">
					<thead>
						<tr>
							<th class="left">Sensor</th>
							<th class="left">State</th>
							<th>Rate</th>
							<th>Missed</th>
							<th>Clock offset</th>
							<th>Drift</th>
							<th class="left">Clock</th>
						</tr>
					</thead>
					<tbody>
						{sensors.map((sensor) => (
							<Row key={sensor.deviceId} sensor={sensor} />
						))}
					</tbody>
				</table>
			)}
		</Panel>
	);
}

function Row({ sensor }: { readonly sensor: SensorEntry }) {
	const { deviceId, clock, isAlive, observedPeriodMs, periodMs } = sensor;
	const [tone, text] = clockQuality(clock);
	// Of this machine: there is nothing to estimate.
	const isOwn = clock?.uncertaintyUs === 0;
	return (
		<tr>
			<td class="left">
				<span class="clip name-cell mono" title={deviceId}>
					{deviceId}
				</span>
			</td>
			<td class="left">
				<Chip tone={isAlive ? "good" : "bad"}>
					{isAlive ? "alive" : "silent"}
				</Chip>
			</td>
			<td class="num">
				{hz(observedPeriodMs)}
				<span class="dim">/{hz(periodMs)} Hz</span>
			</td>
			<td class={`num ${sensor.missedPeriods > 0 ? "warn" : ""}`}>
				{count(sensor.missedPeriods)}
			</td>
			<td class="num">{isOwn || clock === null ? "–" : us(clock.offsetUs)}</td>
			<td class="num">
				{isOwn || clock === null ? "–" : `${clock.driftPpm.toFixed(1)} ppm`}
			</td>
			<td class="left">
				<Chip tone={tone}>
					{text}
					{clock !== null &&
						clock.stepCount > 0 &&
						`, stepped ${clock.stepCount} ×`}
				</Chip>
			</td>
		</tr>
	);
}

function hz(periodMs: number | null): string {
	return periodMs === null || periodMs <= 0
		? "–"
		: (1000 / periodMs).toFixed(1);
}

/** A clock that is known better than most deadlines are short is good enough for them. */
const WELL_KNOWN_US = 2_000;

function clockQuality(clock: SensorEntry["clock"]): [Tone, string] {
	if (clock === null) return ["none", "unknown"];
	if (clock.uncertaintyUs === null) return ["warn", "not known yet"];
	if (clock.uncertaintyUs === 0) return ["good", "same machine"];
	if (clock.uncertaintyUs <= WELL_KNOWN_US)
		return ["good", `within ${ms(clock.uncertaintyUs / 1000)}`];
	return ["warn", `within ${ms(clock.uncertaintyUs / 1000)}`];
}
