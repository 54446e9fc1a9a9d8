// Pure compute over typed arrays, from what a camera and a LiDAR send to what a vehicle does. Callers own every output.
export {
	type BoxMapping,
	clipBoxes,
	mapBoxes,
	type Size,
	stretchMapping,
} from "./boxes/box-mapping.ts";
export { createDetections, type Detections } from "./boxes/detections.ts";
export { intersectionOverUnion } from "./boxes/iou.ts";
export {
	NonMaximumSuppression,
	type SuppressionOptions,
} from "./boxes/non-maximum-suppression.ts";
export {
	createRotatedDetections,
	type RotatedDetections,
	toRotatedDetections,
} from "./boxes/rotated-detections.ts";
export {
	ROTATED_BOX_STRIDE,
	rotatedIntersectionOverUnion,
} from "./boxes/rotated-iou.ts";
export { RotatedSuppression } from "./boxes/rotated-suppression.ts";
export {
	BEV_CHANNELS,
	BEV_GRID,
	BEV_HEIGHTS,
	BEV_INPUT_SHAPE,
	BevInput,
} from "./bundled/bev-input.ts";
export {
	BEV_CAPACITY,
	BEV_CLASSES,
	BEV_OUTPUT_GRID,
	BEV_OUTPUT_SIZES,
	BevOutput,
} from "./bundled/bev-output.ts";
export {
	CAMERA_CAPACITY,
	CAMERA_CLASSES,
	CAMERA_HEIGHTS_M,
	CAMERA_INPUT_SHAPE,
	CAMERA_LEAST_SCORE,
	CAMERA_OUTPUT_SIZES,
	CAMERA_STRIDE_PX,
	CameraOutput,
} from "./bundled/camera-output.ts";
export {
	BEV_LEAST_SCORE,
	BEV_MOTIONS,
	LidarPerception,
	type LidarPerceptionOptions,
} from "./bundled/lidar-perception.ts";
export {
	type Pinhole,
	projectBox,
	type StandingBox,
} from "./camera/pinhole.ts";
export {
	type GroundPose,
	type SightingOptions,
	Sightings,
} from "./camera/sightings.ts";
export {
	createSweepMotion,
	deskewPoints,
	type SpinOptions,
	type SweepMotion,
	timesFromAzimuth,
} from "./clouds/deskew.ts";
export {
	type CropBox,
	dropInBox,
	dropNotFinite,
	keepInBox,
	keepInRange,
} from "./clouds/filters.ts";
export { decodeFoxglovePointCloud } from "./clouds/foxglove-decode.ts";
export {
	encodeFoxglovePointCloud,
	encodeFoxglovePointCloudHead,
	foxglovePointCloudBytes,
} from "./clouds/foxglove-encode.ts";
export {
	createFoxglovePointCloud,
	type FoxglovePointCloud,
} from "./clouds/foxglove-schema.ts";
export {
	createGroundPlane,
	type GroundOptions,
	type GroundPlane,
	GroundRemover,
	heightAbove,
} from "./clouds/ground.ts";
export { type GyroSamples, meanTurnRate } from "./clouds/imu-rate.ts";
export {
	numericTypeBytes,
	type PointNumericType,
} from "./clouds/numeric-type.ts";
export {
	KITTI_LAYOUT,
	NUSCENES_LAYOUT,
	type PackedLayout,
	packTimedPoints,
	setLayout,
	TIMED_LAYOUT,
	viewPackedCloud,
	writePackedCloud,
} from "./clouds/packed.ts";
export {
	PointCloudError,
	type PointCloudErrorCode,
} from "./clouds/point-cloud-error.ts";
export {
	createPointCloudView,
	findPointField,
	MAX_POINT_FIELDS,
	type PointCloudView,
	type PointField,
	pointBytesOf,
	pointCountOf,
} from "./clouds/point-cloud-view.ts";
export {
	createPoints,
	POINT_STRIDE,
	type Points,
	pointCapacity,
} from "./clouds/points.ts";
export { type ReadPointsOptions, readPoints } from "./clouds/read-points.ts";
export {
	encodeRosPointCloud2,
	encodeRosPointCloud2Head,
	rosPointCloud2Bytes,
} from "./clouds/ros-encode.ts";
export {
	createRosPointCloud2,
	decodeRosPointCloud2,
	type RosPointCloud2,
} from "./clouds/ros-point-cloud2.ts";
export {
	NUSCENES_TO_REP103,
	type RigidTransform,
	transformPoints,
} from "./clouds/transform.ts";
export { writePoints } from "./clouds/write-points.ts";
export {
	createDriveDecision,
	type DriveCommand,
	type DriveDecision,
	type DriveReason,
} from "./decision/decision.ts";
export type {
	DecisionOptions,
	VehicleShape,
} from "./decision/decision-options.ts";
export { DecisionPolicy } from "./decision/decision-policy.ts";
export {
	createPlannedPath,
	type EgoState,
	type PlannedPath,
	toPathFrame,
} from "./decision/path-frame.ts";
export {
	type Contact,
	createMovingBox,
	findContact,
	type MovingBox,
	timeToCollisionS,
} from "./decision/time-to-collision.ts";
export {
	AnchorFreeGridDecoder,
	type AnchorFreeGridShape,
} from "./detectors/anchor-free-grid.ts";
export {
	CentreBoxDecoder,
	type CentreBoxOutput,
	type CentreBoxShape,
} from "./detectors/centre-box.ts";
export {
	CentrePointDecoder,
	type CentrePointOptions,
	type CentrePointOutput,
} from "./detectors/centre-point.ts";
export { COCO_NAMES } from "./detectors/coco-names.ts";
export type { DetectorDecoder, DetectorLayout } from "./detectors/decoder.ts";
export {
	type PickDecoderOptions,
	type PickedDecoder,
	pickDecoder,
} from "./detectors/pick-decoder.ts";
export { YoloDecoder, type YoloShape } from "./detectors/yolo.ts";
export { drawDetections } from "./draw/draw-detections.ts";
export {
	type Colour,
	fillRectangle,
	type OutlineStyle,
	outlineRectangle,
	type Rectangle,
} from "./draw/shapes.ts";
export { drawText, measureText, type TextStyle } from "./draw/text.ts";
export type { GroundGrid } from "./grid/ground-grid.ts";
export {
	BilinearResizer,
	type ResizeGeometry,
	type ResizePlacement,
} from "./image/bilinear-resizer.ts";
export { type CropGeometry, cropImage } from "./image/crop.ts";
export { createImage, type ImageU8 } from "./image/image.ts";
export {
	chwToHwc,
	hwcToChw,
	type LayoutSize,
	type NumberArray,
	swapRedBlue,
} from "./image/layout.ts";
export { Letterbox, type LetterboxOptions } from "./image/letterbox.ts";
export {
	type PerChannel,
	TensorPacker,
	type TensorPackerOptions,
} from "./image/tensor-packer.ts";
export { Odometry } from "./motion/odometry.ts";
export {
	createEgoState,
	egoAt,
	type PathPoints,
	placeDetections,
	placePath,
} from "./motion/place.ts";
export {
	createOdometryPose,
	createPoseHistory,
	motionOver,
	type OdometryPose,
	type PoseHistory,
	poseAt,
} from "./motion/pose-history.ts";
export { AssignmentSolver } from "./tracking/assignment.ts";
export {
	alignTrack,
	correctTrack,
	predictTrack,
	surpriseOf,
} from "./tracking/kalman.ts";
export {
	type ClassMotion,
	Tracker,
	type TrackerAnswer,
	type TrackerOptions,
} from "./tracking/tracker.ts";
export {
	createTracks,
	TRACK_CONFIRMED,
	TRACK_TENTATIVE,
	type Tracks,
} from "./tracking/tracks.ts";
export {
	type BevChannel,
	BevRaster,
	type BevRasterOptions,
} from "./voxels/bev-raster.ts";
export {
	type PillarOptions,
	Pillars,
	type PillarTensors,
} from "./voxels/pillars.ts";
export { VoxelGrid, type VoxelGridOptions } from "./voxels/voxel-grid.ts";
