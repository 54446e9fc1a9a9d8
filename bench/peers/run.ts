// Servers of other projects beside ours, on the same models, by the same client, in the same rounds; see usage.ts.
import { benchArguments } from "../lib/arguments.ts";
import { writeResults } from "../lib/report.ts";
import { hasModel, makeMissingModels } from "../serve/models.ts";
import { choosePeers } from "./catalogue.ts";
import { type MeasurePlan, measurePeers } from "./measure.ts";
import type { Peer, PeerWire } from "./peer.ts";
import { watchForEnd } from "./running.ts";
import {
	type PeersSummary,
	showOverload,
	showRates,
	showTargets,
	summarisePeers,
} from "./summary.ts";
import { nameOf, PEER_WORKLOADS } from "./workloads.ts";

watchForEnd();
const { pattern } = benchArguments;
const isQuick = benchArguments.flag("--quick");
const only = benchArguments.text("--only");
const skip = benchArguments.text("--skip");
const rounds = benchArguments.number("--rounds", isQuick ? 2 : 5);
const seconds = benchArguments.number("--seconds", isQuick ? 0.7 : 1);
const plan: MeasurePlan = {
	rounds,
	seconds,
	log: (text) => console.error(text),
};

interface PeerRow {
	readonly peer: string;
	readonly version: string | null;
	readonly body: string;
	readonly leftOut: string | null;
}

function bodyOf(wire: PeerWire): string {
	if (wire.kind === "grpc") return "gRPC, Open Inference Protocol, raw tensors";
	return wire.route.body === "bytes"
		? "HTTP/1.1, FP32 bytes both ways"
		: "HTTP/1.1, JSON with base64 both ways";
}

/** What is left out is told, and stands in the results. */
function setUpPeers(chosen: readonly Peer[]): {
	ready: Peer[];
	rows: PeerRow[];
} {
	const ready: Peer[] = [];
	const rows = chosen.map((peer): PeerRow => {
		const setUp = peer.setUp();
		const about = { peer: peer.name, body: bodyOf(peer.wire) };
		if (setUp.kind === "ready") {
			ready.push(peer);
			return { ...about, version: setUp.version, leftOut: null };
		}
		console.log(`${peer.name}: left out, ${setUp.reason}`);
		return { ...about, version: null, leftOut: setUp.reason };
	});
	return { ready, rows };
}

const workloads = PEER_WORKLOADS.filter(({ served }) =>
	pattern.test(served.id),
).filter(({ served }) => hasModel(served));
makeMissingModels(workloads.map(({ served }) => served));
const { ready, rows } = setUpPeers(choosePeers(only, skip));
const isWhole = !isQuick && only === null && skip === null;

for (const workload of workloads) {
	const measured = await measurePeers(workload, ready, plan);
	const summary: PeersSummary = summarisePeers({
		workload: nameOf(workload),
		dominatedBy: workload.dominatedBy,
		...measured,
	});
	console.log(`\n${showRates(summary.rates)}`);
	if (summary.overload.length > 0)
		console.log(`\n${showOverload(summary.overload)}`);
	console.log(`\n${showTargets(summary.targets)}`);
	if (isWhole)
		console.log(
			writeResults(
				`peers-${workload.served.model.name}`,
				`npm run bench -- peers ${workload.served.model.name} --rounds ${rounds} --seconds ${seconds}`,
				{ rounds, seconds, peers: rows, ...summary },
			),
		);
}
