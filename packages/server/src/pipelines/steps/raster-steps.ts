// Points to the tensors that networks read.
import { type BevChannel, BevRaster, Pillars } from "@saccade/perception";
import { listOf, number, oneOf, wholeNumber } from "../../common/readers.ts";
import { gridOf, gridSettings } from "./ground-grid-settings.ts";
import { port, tensorPort } from "./port.ts";
import { samplePoints } from "./samples.ts";
import { setting } from "./settings.ts";
import { type AnyStep, defineStep, float32Of } from "./step.ts";

const SAMPLE_COUNT = 30_000;
const CHANNELS = [
	"occupancy",
	"density",
	"max-height",
	"min-height",
	"mean-intensity",
	"max-intensity",
	"mean-x",
	"mean-y",
] as const satisfies readonly BevChannel[];

const heights = {
	minZM: setting({ read: number(), meaning: "lower points are left out" }),
	maxZM: setting({ read: number(), meaning: "higher points are left out" }),
};

const bevRaster = defineStep({
	name: "bev-raster",
	summary: "points seen from above, as planes that a network reads",
	settings: {
		...gridSettings,
		...heights,
		channels: setting({
			read: listOf(oneOf(...CHANNELS)),
			meaning: "the planes, in the order of the tensor",
		}),
		intensityScale: setting({
			read: number({ min: 0 }),
			meaning: "brings intensities to 0 … 1",
			default: 1,
		}),
	},
	inputs: () => ({ points: port("points") }),
	outputs: ({ channels, rows, columns }) => ({
		tensor: tensorPort("FP32", [1, channels.length, rows, columns]),
	}),
	create: ({ settings, tensor }) => {
		const { channels, rows, columns } = settings;
		const raster = new BevRaster({ ...settings, grid: gridOf(settings) });
		const drawn = tensor("FP32", [1, channels.length, rows, columns]);
		const values = float32Of(drawn);
		return {
			run: ({ points }, outputs) => {
				raster.draw(points, values);
				outputs.tensor = drawn;
			},
		};
	},
	sample: () => ({ points: samplePoints(SAMPLE_COUNT) }),
});

const pillars = defineStep({
	name: "pillars",
	summary: "points in columns over the ground, as PointPillars reads them",
	settings: {
		...gridSettings,
		...heights,
		maxPillars: setting({
			read: wholeNumber({ min: 1, max: 1_000_000 }),
			meaning: "further pillars are left out",
			default: 12_000,
		}),
		maxPointsPerPillar: setting({
			read: wholeNumber({ min: 1, max: 1000 }),
			meaning: "further points of a pillar are left out",
			default: 32,
		}),
		features: setting({
			read: oneOf("raw", "decorated"),
			meaning: "numbers of a point: 4, or 9 with its distances",
			default: "decorated",
		}),
	},
	inputs: () => ({ points: port("points") }),
	outputs: ({ maxPillars, maxPointsPerPillar, features }) => ({
		features: tensorPort("FP32", [
			maxPillars,
			maxPointsPerPillar,
			features === "raw" ? 4 : 9,
		]),
		coordinates: tensorPort("INT32", [maxPillars, 4]),
		pointCounts: tensorPort("INT32", [maxPillars]),
	}),
	create: ({ settings, tensor }) => {
		const maker = new Pillars({ ...settings, grid: gridOf(settings) });
		const { maxPillars, maxPointsPerPillar, featureCount } = maker;
		const features = tensor("FP32", [
			maxPillars,
			maxPointsPerPillar,
			featureCount,
		]);
		const coordinates = tensor("INT32", [maxPillars, 4]);
		const pointCounts = tensor("INT32", [maxPillars]);
		const into = {
			features: float32Of(features),
			coordinates: new Int32Array(coordinates.data.buffer),
			pointCounts: new Int32Array(pointCounts.data.buffer),
		};
		return {
			run: ({ points }, outputs) => {
				maker.fill(points, into);
				outputs.features = features;
				outputs.coordinates = coordinates;
				outputs.pointCounts = pointCounts;
			},
		};
	},
	sample: () => ({ points: samplePoints(SAMPLE_COUNT) }),
});

export const RASTER_STEPS: readonly AnyStep[] = [bevRaster, pillars];
