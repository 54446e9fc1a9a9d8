// Every case of `bench micro`, in the order of a request's life.
import type { AnyCase } from "./case.ts";
import { driveCases } from "./drive.ts";
import { endpointCases } from "./endpoint.ts";
import { grpcCodecCases } from "./grpc-codec.ts";
import { httpHeadCases } from "./http-head.ts";
import { httpJsonCases } from "./http-json.ts";
import { integrityCases } from "./integrity.ts";
import { laneCases } from "./lane.ts";
import { modelMemoryCases } from "./model-memory.ts";
import { perceptionCases } from "./perception.ts";
import { cloudCases } from "./perception-clouds.ts";
import { gridCases } from "./perception-grids.ts";
import { groundCases } from "./perception-ground.ts";
import { trackingCases } from "./perception-tracking.ts";
import { runtimeCases } from "./runtime.ts";
import { schedulingCases } from "./scheduling.ts";
import { slotCases } from "./slots.ts";
import { streamCases } from "./streams.ts";
import { telemetryCases } from "./telemetry.ts";
import { wholeCases } from "./whole.ts";
import { wireCases } from "./wire.ts";

export const CASES: readonly AnyCase[] = [
	...wireCases,
	...slotCases,
	...grpcCodecCases,
	...httpHeadCases,
	...httpJsonCases,
	...endpointCases,
	...schedulingCases,
	...laneCases,
	...runtimeCases,
	...streamCases,
	...telemetryCases,
	...integrityCases,
	...modelMemoryCases,
	...wholeCases,
	...perceptionCases,
	...groundCases,
	...cloudCases,
	...gridCases,
	...trackingCases,
	...driveCases,
];
