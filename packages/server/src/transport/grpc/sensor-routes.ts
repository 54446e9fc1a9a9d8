// The small rpcs of `saccade.v1.SensorPipeline`: sensors that are watched, and what is open.
import type { MethodHandler } from "@saccade/grpc";
import * as pb from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";
import type { Endpoints } from "../../endpoint/endpoints.ts";
import { sensorStatusOf, streamStatusOf } from "../../wire/status.ts";
import { periodUsOf, toQosOffer } from "../../wire/stream-open.ts";
import { route } from "./unary-routes.ts";

const service = "/saccade.v1.SensorPipeline";

export function sensorRoutes(
	endpoints: Endpoints,
	nowUs: () => number,
): [path: string, handler: MethodHandler][] {
	return [
		route(nowUs, {
			service,
			rpc: "RegisterSensor",
			request: pb.RegisterSensorRequestSchema,
			response: pb.SensorStatusSchema,
			endpoint: endpoints.sensorRegister,
			decode: ({ deviceId, periodNs, qos }) => ({
				deviceId,
				periodUs: periodUsOf(periodNs),
				qos: toQosOffer(qos),
			}),
			encode: (status) => sensorStatusOf(status, nowUs()),
		}),
		route(nowUs, {
			service,
			rpc: "UnregisterSensor",
			request: pb.UnregisterSensorRequestSchema,
			response: pb.UnregisterSensorResponseSchema,
			endpoint: endpoints.sensorUnregister,
			decode: ({ deviceId }) => ({ deviceId }),
			encode: () => ({}),
		}),
		route(nowUs, {
			service,
			rpc: "ListSensors",
			request: pb.ListSensorsRequestSchema,
			response: pb.ListSensorsResponseSchema,
			endpoint: endpoints.sensorList,
			decode: () => undefined,
			encode: (sensors) => ({
				sensors: sensors.map((one) => sensorStatusOf(one, nowUs())),
			}),
		}),
		route(nowUs, {
			service,
			rpc: "ListStreams",
			request: pb.ListStreamsRequestSchema,
			response: pb.ListStreamsResponseSchema,
			endpoint: endpoints.streamList,
			decode: () => undefined,
			encode: (streams) => ({ streams: streams.map(streamStatusOf) }),
		}),
	];
}
