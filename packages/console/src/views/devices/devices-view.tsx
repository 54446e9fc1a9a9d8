import type { DeviceEntry } from "@saccade/protocol/console";
import { bytes, ms, msTick, percent } from "../../data/format.ts";
import { processHistory } from "../../data/history.ts";
import { serverNowMs, useEntries } from "../../data/store.ts";
import { Chart } from "../../ui/chart.tsx";
import { Chip, Meter, Panel, type Tone } from "../../ui/panel.tsx";
import { LanesPanel } from "./lanes-panel.tsx";

const SPAN_S = 120;

export function DevicesView() {
	const devices = [...useEntries("devices").values()];
	return (
		<div class="view devices-view">
			<div class="device-cards">
				{devices.map((device) => (
					<DeviceCard key={device.name} device={device} />
				))}
				<MachineCard />
			</div>
			<LanesPanel />
			<ProcessCharts />
		</div>
	);
}

const STATES: Readonly<Record<string, readonly [Tone, string]>> = {
	healthy: ["good", "healthy"],
	probing: ["warn", "being probed"],
	lost: ["bad", "out of use"],
};

function DeviceCard({ device }: { readonly device: DeviceEntry }) {
	const { name, kind, threadCount, load, busyShare, running } = device;
	const [tone, text] = STATES[device.state] ?? ["none", device.state];
	const { memoryTotalBytes: total, memoryUsedBytes: used } = device;
	return (
		<Panel title={name} aside={<Chip tone={tone}>{text}</Chip>}>
			<dl class="facts">
				<dt>Kind</dt>
				<dd>
					{kind}
					{threadCount > 0 && `, ${threadCount} cores`}
				</dd>
				{device.uuid !== null && (
					<>
						<dt>Hardware</dt>
						<dd class="mono">{device.uuid}</dd>
					</>
				)}
				<dt>Busy, last second</dt>
				<dd class="num">
					<Meter share={busyShare} label="busy" /> {percent(busyShare, 0)}
				</dd>
				<dt>Load</dt>
				<dd class="num">
					<Meter
						share={load}
						label="load"
						tone={load > 0.9 ? "warn" : "accent"}
					/>{" "}
					{percent(load, 0)}
				</dd>
				<dt>Runs under way</dt>
				<dd class="num">{running}</dd>
				{total !== null && used !== null && (
					<>
						<dt>Memory</dt>
						<dd class="num">
							<Meter share={used / total} label="memory" /> {bytes(used)} of{" "}
							{bytes(total)}
						</dd>
					</>
				)}
			</dl>
		</Panel>
	);
}

function MachineCard() {
	const entry = useEntries("server").get("process");
	if (entry?.kind !== "process") return null;
	const share = entry.machineMemoryUsedBytes / entry.machineMemoryBytes;
	return (
		<Panel
			title="Process and machine"
			aside={<span class="num">{entry.cpuCount} cores to use</span>}
		>
			<dl class="facts">
				<dt>CPU of the server</dt>
				<dd class="num">
					<Meter share={entry.cpu} label="CPU" /> {percent(entry.cpu, 0)}
				</dd>
				<dt>Resident, heap</dt>
				<dd class="num">
					{bytes(entry.residentBytes)}, {bytes(entry.heapBytes)}
				</dd>
				<dt>Request bodies</dt>
				<dd class="num">
					<Meter
						share={entry.bodyBytes / entry.bodyBudgetBytes}
						label="request bodies"
					/>{" "}
					{bytes(entry.bodyBytes)} of {bytes(entry.bodyBudgetBytes)}
				</dd>
				<dt>Memory of the machine</dt>
				<dd class="num">
					<Meter
						share={share}
						label="memory of the machine"
						tone={share > 0.92 ? "warn" : "accent"}
					/>{" "}
					{bytes(entry.machineMemoryUsedBytes)} of{" "}
					{bytes(entry.machineMemoryBytes)}
				</dd>
				<dt>Event loop, last second</dt>
				<dd class="num">
					p50 {ms(entry.loopDelayP50Ms)}, p99 {ms(entry.loopDelayP99Ms)}, worst{" "}
					{ms(entry.loopDelayMaxMs)}
				</dd>
			</dl>
		</Panel>
	);
}

function ProcessCharts() {
	useEntries("server");
	const samples = processHistory();
	const times = samples.map(({ atMs }) => atMs / 1000);
	const chart = { spanS: SPAN_S, nowS: serverNowMs() / 1000 - 1, height: 112 };
	return (
		<div class="two">
			<Panel
				title="CPU of the server"
				aside={<span>share of the cores it may use</span>}
			>
				<Chart
					{...chart}
					label="CPU of the server"
					data={[times, samples.map(({ cpu }) => 100 * cpu)]}
					series={[{ label: "CPU", stroke: "--s1", isFilled: true }]}
					format={(value) => `${value.toFixed(0)} %`}
				/>
			</Panel>
			<Panel
				title="Event loop delay"
				aside={<span>99th percentile of each second</span>}
			>
				<Chart
					{...chart}
					label="Event loop delay"
					data={[times, samples.map(({ loopP99Ms }) => loopP99Ms)]}
					series={[{ label: "p99", stroke: "--s2", isFilled: true }]}
					format={msTick}
				/>
			</Panel>
		</div>
	);
}
