// The price of a refusal: CPU of the server, and bytes of the request that its client had sent when it was told.
import { setTimeout as delay } from "node:timers/promises";
import { CpuMeter, residentMb } from "../lib/machine.ts";
import { encodeGrpc, makeInputs } from "../load/workload.ts";
import { modelOfBytes, startBusyServer } from "./busy-server.ts";
import { Caller, nowUs } from "./caller.ts";

export interface RefusalCost {
	readonly refusalsPerSecond: number;
	readonly cpuUs: number;
	/** Of each refused request. */
	readonly sentBytes: number;
	readonly mostSentBytes: number;
	readonly growthMb: number;
}

/** One picture of 224 × 224 pixels, three channels of FP32. */
const REQUEST_BYTES = 224 * 224 * 3 * 4;
const CONNECTIONS = 2;
const IN_FLIGHT = 16;
const DEADLINE_US = 400_000;
/** More than the deadline leaves. */
const RUN_MS = 1000;
/** Of those who keep the device busy; a timeout has at most eight digits. */
const PATIENT_US = 90_000_000;
const SETTLE_MS = 1000;

export async function measureRefusals(seconds: number): Promise<RefusalCost> {
	const model = modelOfBytes(REQUEST_BYTES);
	const server = await startBusyServer(model, RUN_MS, [
		"--exit-timeout-secs=1",
	]);
	const message = encodeGrpc(model, makeInputs(model, 1)[0]!);
	let count = 0;
	let sentBytes = 0;
	let mostSentBytes = 0;
	const callers: Caller[] = [];
	try {
		for (let i = 0; i < CONNECTIONS; i++) {
			const caller = new Caller(server.grpcPort, message, (call, kind) => {
				if (kind === "ok") {
					caller.call(nowUs() + PATIENT_US);
					return;
				}
				if (kind !== "shed") throw new Error(`answered as ${kind}`);
				count++;
				sentBytes += call.sentBytes;
				mostSentBytes = Math.max(mostSentBytes, call.sentBytes);
				caller.call(nowUs() + DEADLINE_US);
			});
			callers.push(caller);
		}
		// One runs and one waits, so that the device is never free.
		for (let i = 0; i < 2; i++) callers[0]!.call(nowUs() + PATIENT_US);
		await delay(SETTLE_MS);
		for (const caller of callers)
			for (let i = 0; i < IN_FLIGHT / CONNECTIONS; i++)
				caller.call(nowUs() + DEADLINE_US);
		await delay(SETTLE_MS);
		const warmMb = residentMb(server.pid);
		const meter = new CpuMeter(server.pid);
		const startUs = nowUs();
		count = 0;
		sentBytes = 0;
		mostSentBytes = 0;
		await delay(seconds * 1000);
		const { userUs, systemUs } = meter.used();
		const tookS = (nowUs() - startUs) / 1e6;
		return {
			refusalsPerSecond: count / tookS,
			cpuUs: (userUs + systemUs) / count,
			sentBytes: sentBytes / count,
			mostSentBytes,
			growthMb: residentMb(server.pid) - warmMb,
		};
	} finally {
		for (const caller of callers) caller.close();
		await server.stop();
	}
}
