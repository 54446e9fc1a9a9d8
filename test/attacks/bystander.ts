// A well-behaved client that goes on asking over both transports while others misbehave.
import assert from "node:assert/strict";
import { TestClient } from "../../packages/server/src/transport/grpc/test-support/client.ts";
import type { ScenarioTransport } from "../scenarios/scenario.ts";
import { pair } from "../scenarios/table/requests.ts";
import { createUnaryTransport } from "../scenarios/transports/grpc.ts";
import {
	createHttpTransport,
	HttpClient,
} from "../scenarios/transports/http.ts";
import { until } from "../support/until.ts";

export interface BystanderReport {
	readonly askedCount: number;
	readonly slowestMs: number;
}

export interface Bystander {
	/** Resolves when so many more requests were answered. @throws like `stop` */
	answered(count: number): Promise<void>;
	/** Stops asking. @throws AssertionError when a single request was not answered right */
	stop(): Promise<BystanderReport>;
}

export function startBystander(httpPort: number, grpcPort: number): Bystander {
	const http = new HttpClient({
		address: "127.0.0.1",
		port: httpPort,
		family: "IPv4",
	});
	const grpc = new TestClient(`127.0.0.1:${grpcPort}`);
	let isStopped = false;
	let askedCount = 0;
	let slowestMs = 0;

	const go = async (transport: ScenarioTransport) => {
		while (!isStopped) {
			const id = String(askedCount++);
			const startMs = performance.now();
			const outcome = await transport.infer({
				model: "simple",
				id,
				inputs: pair(),
			});
			slowestMs = Math.max(slowestMs, performance.now() - startMs);
			assert.ok(
				outcome.ok,
				`a bystander was refused: ${outcome.ok ? "" : outcome.text}`,
			);
			assert.equal(outcome.answer.id, id);
			assert.deepEqual(
				outcome.answer.outputs[1]?.values.slice(0, 3),
				[-1, 0, 1],
			);
		}
	};
	const asking = Promise.all([
		go(createHttpTransport(http, "JSON")),
		go(createHttpTransport(http, "binary")),
		go(createUnaryTransport(grpc, "raw")),
	]);
	// Reported by `stop`.
	asking.catch(() => {});
	return {
		answered: async (count) => {
			const goal = askedCount + count;
			await Promise.race([
				asking,
				until(`${count} requests were answered`, () => askedCount >= goal),
			]);
		},
		stop: async () => {
			isStopped = true;
			try {
				await asking;
			} finally {
				http.close();
				grpc.close();
			}
			return { askedCount, slowestMs };
		},
	};
}
