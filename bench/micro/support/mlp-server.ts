// Everything below the transports as `app` puts it together, with the bundled model `mlp` in service.
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../packages/server/src/common/clock.ts";
import { readCores } from "../../../packages/server/src/devices/cores.ts";
import { cpuOnly } from "../../../packages/server/src/devices/testing/cpu-only.ts";
import {
	createEndpoints,
	type Endpoints,
} from "../../../packages/server/src/endpoint/endpoints.ts";
import {
	composeOpen,
	withAdminToken,
	withDeadline,
	withDraining,
} from "../../../packages/server/src/endpoint/middleware.ts";
import { ModelLoader } from "../../../packages/server/src/models/model-loader.ts";
import { ModelRegistry } from "../../../packages/server/src/models/model-registry.ts";
import type { ModelVersion } from "../../../packages/server/src/models/model-version.ts";
import { ModelSwapper } from "../../../packages/server/src/models/swap/swapper.ts";
import { createCatalogue } from "../../../packages/server/src/pipelines/catalogue.ts";
import { createScalarPipeline } from "../../../packages/server/src/pipelines/scalar-pipeline.ts";
import { poolThreadsOf } from "../../../packages/server/src/runtime/onnx/offload.ts";
import { createOnnxRuntime } from "../../../packages/server/src/runtime/onnx/onnx-runtime.ts";
import { RegistryHealthService } from "../../../packages/server/src/service/health-service.ts";
import { SchedulingInferenceService } from "../../../packages/server/src/service/inference-service.ts";
import { RegistryMetadataService } from "../../../packages/server/src/service/metadata-service.ts";
import { createModelRunner } from "../../../packages/server/src/service/model-runner.ts";
import { DiskRepositoryService } from "../../../packages/server/src/service/repository-service.ts";
import { MemorySettings } from "../../../packages/server/src/service/settings.ts";
import { createStreamService } from "../../../packages/server/src/service/stream-service.ts";
import { createTraceService } from "../../../packages/server/src/service/trace-service.ts";
import { StreamSet } from "../../../packages/server/src/streams/stream-set.ts";

const REPOSITORY = fileURLToPath(
	new URL("../../../models/repository", import.meta.url),
);

export interface MlpServer {
	readonly model: ModelVersion;
	readonly endpoints: Endpoints;
	close(): Promise<void>;
}

export async function startMlpServer(): Promise<MlpServer> {
	const cores = readCores().usable;
	const runtime = createOnnxRuntime({
		poolThreads: poolThreadsOf(process.env["UV_THREADPOOL_SIZE"]),
		intraOpThreadCount: cores,
	});
	const registry = new ModelRegistry({
		versionReady: () => {},
		versionGone: () => {},
		loadFailed: (_name, error) => {
			throw error;
		},
	});
	const loader = new ModelLoader({
		runtimes: new Map([["onnxruntime", runtime]]),
		clock: systemClock,
		autoComplete: true,
		defaultMaxBatchSize: 4,
		devices: cpuOnly(cores),
		policy: "deadline",
		warn: console.warn,
	});
	const repository = new DiskRepositoryService(
		{ repositories: [REPOSITORY], isExplicit: false },
		registry,
		new ModelSwapper({ registry, loader, clock: systemClock }),
	);
	await repository.loadFromDisk("mlp");
	const inference = new SchedulingInferenceService(registry, systemClock);
	const metadata = new RegistryMetadataService(registry, "bench", "0");
	const catalogue = createCatalogue(
		[createScalarPipeline()],
		createModelRunner(inference, metadata),
	);
	const services = {
		inference,
		streams: createStreamService(
			new StreamSet({ clock: systemClock, catalogue }),
		),
		metadata,
		pipelines: { explain: () => [] },
		console: {
			file: async () => null,
			follow: () => ({ want: () => {}, seen: () => {}, end: () => {} }),
		},
		repository,
		health: new RegistryHealthService(
			registry,
			{ isServing: true, isDraining: false },
			true,
		),
		settings: new MemorySettings({
			modelExists: () => true,
			onLogging: () => {},
		}),
		traces: createTraceService(null),
		recordings: {
			start: () => Promise.reject(new Error("a bench records nothing")),
			stop: () => Promise.reject(new Error("a bench records nothing")),
			status: () => null,
		},
	};
	const open = composeOpen([
		withDraining(() => false),
		withAdminToken(null),
		withDeadline,
	]);
	return {
		model: registry.resolve("mlp", ""),
		endpoints: createEndpoints(services, open),
		close: async () => {
			await registry.close();
			await repository.close();
			runtime.close();
		},
	};
}
