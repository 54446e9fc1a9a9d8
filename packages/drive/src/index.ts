// A simulated drive: a street that one number tells, the sensors of a vehicle in it, and a judge who knows the truth.
export {
	type BevNetwork,
	type CameraNetwork,
	detectingDriver,
	type LidarDriver,
	lidarDriver,
	type SweepDetector,
	seeingDriver,
} from "./drivers/lidar-driver.ts";
export {
	createNoisyDetector,
	type NoisyDetectorOptions,
} from "./drivers/noisy-detector.ts";
export { TruthDriver } from "./drivers/truth-driver.ts";
export { type Collision, findCollision } from "./judge/collision.ts";
export type { HardBrake } from "./judge/driver-errors.ts";
export { judgeBev } from "./judge/judge-bev.ts";
export { judgeCamera } from "./judge/judge-camera.ts";
export {
	type PrecisionResult,
	PrecisionTally,
	type ScoredBoxes,
	type TrueBox,
} from "./judge/mean-average-precision.ts";
export { type Observed, observeDrives } from "./judge/observe-drives.ts";
export { type LabelledPatch, labelPicture } from "./judge/picture-labels.ts";
export { type LabelledBox, labelSweep } from "./judge/sweep-labels.ts";
export { Random } from "./random.ts";
export { BLIND, type Driver, truthful } from "./run/driver.ts";
export {
	type DecisionEvent,
	type DriveOptions,
	type DriveResult,
	runDrive,
} from "./run/run-drive.ts";
export {
	type DrivesOptions,
	type DrivesResult,
	driveSeeds,
	type JudgedDrive,
	runDrives,
} from "./run/run-drives.ts";
export { CAMERA } from "./sensors/camera.ts";
export { type Fault, FaultySink } from "./sensors/faults.ts";
export { LIDAR } from "./sensors/lidar.ts";
export {
	CAMERA_MOUNT,
	LIDAR_MOUNT,
	type Mount,
	mountTransform,
	pinholeOf,
} from "./sensors/mounts.ts";
export type {
	ImuReading,
	PathReading,
	PictureReading,
	SensorName,
	SensorReadings,
	SensorSink,
	SpeedReading,
	SweepReading,
} from "./sensors/readings.ts";
export { SensorClock } from "./sensors/sensor-clock.ts";
export { Simulation, type SimulationOptions } from "./simulation.ts";
export { obey, type SpeedCommand } from "./vehicle/obey.ts";
export { VEHICLE_SHAPE } from "./vehicle/vehicle.ts";
export { OBJECT_CLASSES, type ObjectClass } from "./world/shapes.ts";
