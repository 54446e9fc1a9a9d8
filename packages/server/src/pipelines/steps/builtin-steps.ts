// The steps that come with the server, by name.
import { CLOUD_STEPS } from "./cloud-steps.ts";
import { DETECTOR_STEPS } from "./detector-steps.ts";
import { MOTION_STEPS } from "./motion-steps.ts";
import { PICTURE_STEPS } from "./picture-steps.ts";
import { RASTER_STEPS } from "./raster-steps.ts";
import { SIGHT_STEPS } from "./sight-steps.ts";
import type { AnyStep } from "./step.ts";
import { TRACK_STEPS } from "./track-steps.ts";

const STEPS: readonly AnyStep[] = [
	...CLOUD_STEPS,
	...RASTER_STEPS,
	...PICTURE_STEPS,
	...DETECTOR_STEPS,
	...SIGHT_STEPS,
	...MOTION_STEPS,
	...TRACK_STEPS,
];

export const BUILTIN_STEPS: ReadonlyMap<string, AnyStep> = new Map(
	STEPS.map((step) => [step.name, step]),
);
