// Channels of a recording. Protobuf schemas are sets of file descriptors, so that a reader needs nothing else.
// https://mcap.dev/spec/registry
import {
	create,
	type DescFile,
	type DescMessage,
	toBinary,
} from "@bufbuild/protobuf";
import {
	type FileDescriptorProto,
	FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import type { ChannelSpec } from "../../recording/mcap-file.ts";

const text = new TextEncoder();

export function protobufChannel(
	topic: string,
	message: DescMessage,
): ChannelSpec {
	return {
		topic,
		messageEncoding: "protobuf",
		schemaName: message.typeName,
		schemaEncoding: "protobuf",
		schema: descriptorSet(message.file),
	};
}

const sets = new Map<DescFile, Uint8Array>();

function descriptorSet(of: DescFile): Uint8Array {
	let set = sets.get(of);
	if (set === undefined) {
		const file = new Set<FileDescriptorProto>();
		// A file comes after what it imports.
		const add = (one: DescFile): void => {
			for (const dependency of one.dependencies) add(dependency);
			file.add(one.proto);
		};
		add(of);
		const message = create(FileDescriptorSetSchema, { file: [...file] });
		set = toBinary(FileDescriptorSetSchema, message);
		sets.set(of, set);
	}
	return set;
}

/** As ROS 2 defines it: https://docs.ros.org/en/jazzy/p/sensor_msgs/msg/PointCloud2.html */
const POINT_CLOUD2 = `std_msgs/Header header
uint32 height
uint32 width
sensor_msgs/PointField[] fields
bool is_bigendian
uint32 point_step
uint32 row_step
uint8[] data
bool is_dense
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
================================================================================
MSG: sensor_msgs/PointField
string name
uint32 offset
uint8 datatype
uint32 count
`;

export function pointCloud2Channel(topic: string): ChannelSpec {
	return {
		topic,
		messageEncoding: "cdr",
		schemaName: "sensor_msgs/msg/PointCloud2",
		schemaEncoding: "ros2msg",
		schema: text.encode(POINT_CLOUD2),
	};
}

export function jsonChannel(
	topic: string,
	schemaName: string,
	properties: Readonly<Record<string, object>>,
): ChannelSpec {
	return {
		topic,
		messageEncoding: "json",
		schemaName,
		schemaEncoding: "jsonschema",
		schema: text.encode(JSON.stringify({ type: "object", properties })),
	};
}
