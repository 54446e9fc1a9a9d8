// SensorReading where it lies: payload bytes are views into the message, and a plain reading costs no object. What is
// rare (openings, clock sync, profiles) goes through protobuf-es. Field numbers: proto/saccade/v1/sensor.proto.
import { fromBinary } from "@bufbuild/protobuf";
import { KITTI_LAYOUT } from "@saccade/perception";
import { type DType, isDType } from "@saccade/protocol";
import { QosProfileSchema } from "@saccade/protocol/gen/saccade/v1/qos_pb.js";
import {
	type ClockSync,
	ClockSyncSchema,
	type StreamOpen,
	StreamOpenSchema,
} from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { FramePayload, QosOffer } from "../endpoint/endpoint.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { DeviceIdReader } from "./device-ids.ts";
import { toQosOffer } from "./stream-open.ts";
import { malformed, WIRE, WireReader } from "./wire-reader.ts";

/** What a message is when it is no reading. */
export type ControlContent =
	| { readonly kind: "open"; readonly open: StreamOpen }
	| { readonly kind: "clock-sync"; readonly sync: ClockSync }
	| { readonly kind: "heartbeat" }
	| { readonly kind: "finish" }
	| { readonly kind: "reconfigure"; readonly qos: QosOffer };

const TAG = {
	timestampNs: (1 << 3) | WIRE.VARINT,
	deviceId: (2 << 3) | WIRE.LEN,
	value: (3 << 3) | WIRE.I64,
	/** Devices whose contract says float. */
	valueAsFloat: (3 << 3) | WIRE.I32,
	sequence: (4 << 3) | WIRE.VARINT,
	frameId: (5 << 3) | WIRE.LEN,
	deadlineNs: (6 << 3) | WIRE.VARINT,
	interrupt: (7 << 3) | WIRE.VARINT,
	traceparent: (8 << 3) | WIRE.LEN,
	tracestate: (9 << 3) | WIRE.LEN,
	image: (10 << 3) | WIRE.LEN,
	cloud: (11 << 3) | WIRE.LEN,
	tensors: (12 << 3) | WIRE.LEN,
	imu: (13 << 3) | WIRE.LEN,
	open: (20 << 3) | WIRE.LEN,
	clockSync: (21 << 3) | WIRE.LEN,
	heartbeat: (22 << 3) | WIRE.LEN,
	reconfigure: (23 << 3) | WIRE.LEN,
	finish: (24 << 3) | WIRE.LEN,
} as const;

/** Reads one message after the other; its fields are those of the last. */
export class SensorReadingReader {
	timestampNs = 0n;
	deviceId = "";
	value = 0;
	sequence = 0;
	frameId = "";
	budgetUs = 0;
	interrupt = false;
	traceparent = "";
	tracestate = "";
	payload: FramePayload | null = null;
	control: ControlContent | null = null;
	readonly #wire = new WireReader(new Uint8Array(0));
	readonly #deviceIds = new DeviceIdReader();

	/** Throws MALFORMED. */
	read(bytes: Uint8Array): void {
		this.timestampNs = 0n;
		this.deviceId = "";
		this.value = 0;
		this.sequence = 0;
		this.frameId = "";
		this.budgetUs = 0;
		this.interrupt = false;
		this.traceparent = "";
		this.tracestate = "";
		this.payload = null;
		this.control = null;
		const wire = this.#wire;
		wire.reset(bytes);
		while (wire.hasMore) this.#field(wire, wire.tag());
	}

	#field(wire: WireReader, tag: number): void {
		switch (tag) {
			case TAG.timestampNs:
				this.timestampNs = BigInt.asIntN(64, wire.varint64());
				return;
			case TAG.deviceId:
				this.deviceId = this.#deviceId(wire);
				return;
			case TAG.value:
				this.value = wire.double();
				return;
			case TAG.valueAsFloat:
				this.value = wire.float();
				return;
			case TAG.sequence:
				this.sequence = wire.varint();
				return;
			case TAG.frameId:
				this.frameId = wire.string();
				return;
			case TAG.deadlineNs:
				this.budgetUs = Math.max(0, wire.int64() / 1000);
				return;
			case TAG.interrupt:
				this.interrupt = wire.varint() !== 0;
				return;
			case TAG.traceparent:
				this.traceparent = wire.string();
				return;
			case TAG.tracestate:
				this.tracestate = wire.string();
				return;
			default:
				this.#content(wire, tag);
		}
	}

	#content(wire: WireReader, tag: number): void {
		switch (tag) {
			case TAG.image:
				this.payload = readImage(wire.message());
				return;
			case TAG.cloud:
				this.payload = readCloud(wire.message());
				return;
			case TAG.tensors:
				this.payload = readTensors(wire.message());
				return;
			case TAG.imu:
				this.payload = readImu(wire.message());
				return;
			case TAG.open: {
				const open = parse(() => fromBinary(StreamOpenSchema, wire.view()));
				this.control = { kind: "open", open };
				return;
			}
			case TAG.clockSync: {
				const sync = parse(() => fromBinary(ClockSyncSchema, wire.view()));
				this.control = { kind: "clock-sync", sync };
				return;
			}
			case TAG.heartbeat:
				wire.skip(tag);
				this.control = { kind: "heartbeat" };
				return;
			case TAG.reconfigure: {
				const qos = parse(() => fromBinary(QosProfileSchema, wire.view()));
				this.control = { kind: "reconfigure", qos: toQosOffer(qos) };
				return;
			}
			case TAG.finish:
				wire.skip(tag);
				this.control = { kind: "finish" };
				return;
			default:
				wire.skip(tag);
		}
	}

	#deviceId(wire: WireReader): string {
		const end = wire.lengthEnd();
		const id = this.#deviceIds.read(wire.bytes, wire.at, end);
		wire.at = end;
		return id;
	}
}

function parse<T>(read: () => T): T {
	try {
		return read();
	} catch {
		throw malformed("an embedded message is no such message");
	}
}

function readImage(wire: WireReader): FramePayload {
	let encoding = "";
	let width = 0;
	let height = 0;
	let rowStrideBytes = 0;
	let bytes: Uint8Array = NO_BYTES;
	while (wire.hasMore) {
		const tag = wire.tag();
		if (tag === 0x0a) encoding = wire.string();
		else if (tag === 0x10) width = wire.varint();
		else if (tag === 0x18) height = wire.varint();
		else if (tag === 0x20) rowStrideBytes = wire.varint();
		else if (tag === 0x2a) bytes = wire.view();
		else wire.skip(tag);
	}
	return { kind: "image", encoding, width, height, rowStrideBytes, bytes };
}

function readCloud(wire: WireReader): FramePayload {
	let payload: FramePayload | null = null;
	while (wire.hasMore) {
		const tag = wire.tag();
		if (tag === 0x0a) payload = readPacked(wire.message());
		else if (tag === 0x12)
			payload = {
				kind: "cloud",
				layout: { kind: "foxglove" },
				bytes: wire.view(),
			};
		else if (tag === 0x1a)
			payload = {
				kind: "cloud",
				layout: { kind: "point-cloud2" },
				bytes: wire.view(),
			};
		else wire.skip(tag);
	}
	if (payload === null) throw malformed("a point cloud without a layout");
	return payload;
}

/** By POINT_TYPE_*, from 1 on. */
const POINT_TYPES = [
	"uint8",
	"int8",
	"uint16",
	"int16",
	"uint32",
	"int32",
	"float32",
	"float64",
] as const;
/** As `perception` bounds it. */
const MAX_FIELD_COUNT = 64;

function readPacked(wire: WireReader): FramePayload {
	const fields: {
		name: string;
		offsetBytes: number;
		type: (typeof POINT_TYPES)[number];
		elementCount: number;
	}[] = [];
	let strideBytes = 0;
	let bytes: Uint8Array = NO_BYTES;
	while (wire.hasMore) {
		const tag = wire.tag();
		if (tag === 0x0a) {
			if (fields.length === MAX_FIELD_COUNT)
				throw malformed(`a point of more than ${MAX_FIELD_COUNT} fields`);
			fields.push(readField(wire.message()));
		} else if (tag === 0x10) strideBytes = wire.varint();
		else if (tag === 0x1a) bytes = wire.view();
		else wire.skip(tag);
	}
	const layout =
		fields.length === 0 && strideBytes === 0
			? KITTI_LAYOUT
			: { strideBytes, fields };
	return { kind: "cloud", layout: { kind: "packed", ...layout }, bytes };
}

function readField(wire: WireReader) {
	let name = "";
	let offsetBytes = 0;
	let type = 0;
	while (wire.hasMore) {
		const tag = wire.tag();
		if (tag === 0x0a) name = wire.string();
		else if (tag === 0x10) offsetBytes = wire.varint();
		else if (tag === 0x18) type = wire.varint();
		else wire.skip(tag);
	}
	const known = POINT_TYPES[type - 1];
	if (known === undefined)
		throw malformed(`point type ${type}, known are 1 to ${POINT_TYPES.length}`);
	return { name, offsetBytes, type: known, elementCount: 1 };
}

/** More are no frame of a sensor. */
const MAX_TENSOR_COUNT = 256;

function readTensors(wire: WireReader): FramePayload {
	const tensors: Tensor[] = [];
	while (wire.hasMore) {
		const tag = wire.tag();
		if (tag !== 0x0a) {
			wire.skip(tag);
			continue;
		}
		if (tensors.length === MAX_TENSOR_COUNT)
			throw malformed(`more than ${MAX_TENSOR_COUNT} tensors`);
		tensors.push(readTensor(wire.message()));
	}
	return { kind: "tensors", tensors };
}

function readTensor(wire: WireReader): Tensor {
	let name = "";
	let dtype: DType | null = null;
	const shape: number[] = [];
	let data: Uint8Array = NO_BYTES;
	while (wire.hasMore) {
		const tag = wire.tag();
		if (tag === 0x0a) name = wire.string();
		else if (tag === 0x12) {
			const text = wire.string();
			if (!isDType(text)) throw malformed(`datatype '${text.slice(0, 20)}'`);
			dtype = text;
		} else if (tag === 0x1a) {
			const dimensions = wire.message();
			while (dimensions.hasMore) shape.push(dimensions.int64());
		} else if (tag === 0x18) shape.push(wire.int64());
		else if (tag === 0x22) data = wire.view();
		else wire.skip(tag);
	}
	if (dtype === null) throw malformed(`tensor '${name}' has no datatype`);
	return { name, dtype, shape, data };
}

function readImu(wire: WireReader): FramePayload {
	let angularVelocity: readonly [number, number, number] = [0, 0, 0];
	let linearAcceleration: readonly [number, number, number] = [0, 0, 0];
	while (wire.hasMore) {
		const tag = wire.tag();
		if (tag === 0x0a) angularVelocity = readVector(wire.message());
		else if (tag === 0x12) linearAcceleration = readVector(wire.message());
		else wire.skip(tag);
	}
	return { kind: "imu", angularVelocity, linearAcceleration };
}

function readVector(wire: WireReader): [number, number, number] {
	const vector: [number, number, number] = [0, 0, 0];
	while (wire.hasMore) {
		const tag = wire.tag();
		if (tag === 0x09) vector[0] = wire.double();
		else if (tag === 0x11) vector[1] = wire.double();
		else if (tag === 0x19) vector[2] = wire.double();
		else wire.skip(tag);
	}
	return vector;
}

const NO_BYTES = new Uint8Array(0);
