// What `saccade bench --protocol stream` sends: plain readings, or frames whose tensors a model takes. Encoded once, with
// protobuf-es, so that nothing of the server's own codecs measures itself.
import { create, toBinary } from "@bufbuild/protobuf";
import { DropPolicy } from "@saccade/protocol/gen/saccade/v1/qos_pb.js";
import { SensorReadingSchema } from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { StreamLoad } from "../../load-generator/stream-connection.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { withPrefix } from "./encode.ts";

/** As many as a stream takes that names none. */
const DEVICES = Array.from({ length: 64 }, (_, i) => `sensor-${i}`);
/** The most of a profile: what is measured is the model, not how soon a stream gives up. */
const MOST_WAITING = 100;
const MOST_IN_FLIGHT = 16;

/** Without an opening: the pipeline `scalar` and the default profile. */
export const PLAIN_READINGS: StreamLoad = {
	opening: new Uint8Array(0),
	devices: DEVICES,
	contents: [],
};

/** Each request's inputs as the tensors of a frame. */
export function modelFrames(
	model: string,
	requests: readonly (readonly Tensor[])[],
): StreamLoad {
	const opening = create(SensorReadingSchema, {
		content: {
			case: "open",
			value: {
				pipeline: `model:${model}`,
				name: "saccade bench",
				qos: {
					dropPolicy: DropPolicy.DROP_LATEST,
					depth: MOST_WAITING,
					maxInFlight: MOST_IN_FLIGHT,
				},
			},
		},
	});
	return {
		opening: withPrefix(toBinary(SensorReadingSchema, opening)),
		devices: DEVICES,
		contents: requests.map(contentOf),
	};
}

/** All other fields are zero and take no byte: what is left is the field of the tensors. */
function contentOf(inputs: readonly Tensor[]): Uint8Array {
	const tensors = inputs.map(({ name, dtype, shape, data }) => ({
		name,
		datatype: dtype,
		shape: shape.map(BigInt),
		data,
	}));
	return toBinary(
		SensorReadingSchema,
		create(SensorReadingSchema, {
			content: { case: "tensors", value: { tensors } },
		}),
	);
}
