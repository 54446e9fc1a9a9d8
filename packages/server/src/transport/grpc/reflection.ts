// Server reflection, v1 and v1alpha: the services and their files, from the generated descriptors.
// https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
import {
	create,
	type DescFile,
	type DescMessage,
	fromBinary,
	toBinary,
} from "@bufbuild/protobuf";
import { bidiMethod, type MethodHandler, Status } from "@saccade/grpc";
import { file_grpc_health_v1_health } from "@saccade/protocol/gen/grpc/health/v1/health_pb.js";
import {
	file_grpc_reflection_v1_reflection,
	type ServerReflectionRequest,
	ServerReflectionRequestSchema,
	type ServerReflectionResponse,
	ServerReflectionResponseSchema,
} from "@saccade/protocol/gen/grpc/reflection/v1/reflection_pb.js";
import { file_inference_grpc_service } from "@saccade/protocol/gen/inference/grpc_service_pb.js";
import { file_saccade_v1_sensor } from "@saccade/protocol/gen/saccade/v1/sensor_pb.js";

const ROOTS: readonly DescFile[] = [
	file_inference_grpc_service,
	file_saccade_v1_sensor,
	file_grpc_health_v1_health,
	file_grpc_reflection_v1_reflection,
];

export function reflectionRoutes(): [string, MethodHandler][] {
	const index = new DescriptorIndex(ROOTS);
	const handler = bidiMethod<ServerReflectionRequest, ServerReflectionResponse>(
		{
			decode: (bytes) => fromBinary(ServerReflectionRequestSchema, bytes),
			encode: (response) => toBinary(ServerReflectionResponseSchema, response),
			handle: async (requests, send) => {
				for await (const request of requests)
					await send(await index.answer(request));
			},
		},
	);
	// The two versions differ in their package name only.
	return ["v1", "v1alpha"].map((version) => [
		`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
		handler,
	]);
}

class DescriptorIndex {
	readonly #byName = new Map<string, DescFile>();
	readonly #bySymbol = new Map<string, DescFile>();
	readonly #services: readonly string[];

	constructor(roots: readonly DescFile[]) {
		for (const file of roots) this.#add(file);
		this.#services = roots.flatMap(({ services }) =>
			services.map(({ typeName }) => typeName),
		);
	}

	async answer(
		request: ServerReflectionRequest,
	): Promise<ServerReflectionResponse> {
		const { messageRequest: query } = request;
		const messageResponse = await this.#respond(query);
		return create(ServerReflectionResponseSchema, {
			validHost: request.host,
			originalRequest: request,
			messageResponse,
		});
	}

	async #respond(
		query: ServerReflectionRequest["messageRequest"],
	): Promise<ServerReflectionResponse["messageResponse"]> {
		switch (query.case) {
			case "listServices":
				return create(ServerReflectionResponseSchema, {
					messageResponse: {
						case: "listServicesResponse",
						value: { service: this.#services.map((name) => ({ name })) },
					},
				}).messageResponse;
			case "fileByFilename":
				return this.#file(this.#byName.get(query.value), query.value);
			case "fileContainingSymbol":
				return this.#file(this.#bySymbol.get(query.value), query.value);
			case "fileContainingExtension":
			case "allExtensionNumbersOfType":
			case undefined:
				return notFound("the files have no extensions");
		}
	}

	/** The file and everything it imports, each once. */
	async #file(
		file: DescFile | undefined,
		what: string,
	): Promise<ServerReflectionResponse["messageResponse"]> {
		if (file === undefined) return notFound(`'${what}' is not known here`);
		const files = new Set<DescFile>();
		const visit = (next: DescFile) => {
			files.add(next);
			for (const dependency of next.dependencies) visit(dependency);
		};
		visit(file);
		// Loaded when somebody asks: it holds every well-known type, and a start needs none of them.
		const { FileDescriptorProtoSchema } = await import(
			"@bufbuild/protobuf/wkt"
		);
		return create(ServerReflectionResponseSchema, {
			messageResponse: {
				case: "fileDescriptorResponse",
				value: {
					fileDescriptorProto: [...files].map(({ proto }) =>
						toBinary(FileDescriptorProtoSchema, proto),
					),
				},
			},
		}).messageResponse;
	}

	#add(file: DescFile): void {
		this.#byName.set(file.proto.name, file);
		for (const { typeName, methods } of file.services) {
			this.#bySymbol.set(typeName, file);
			for (const { name } of methods)
				this.#bySymbol.set(`${typeName}.${name}`, file);
		}
		for (const { typeName } of file.enums) this.#bySymbol.set(typeName, file);
		for (const message of file.messages) this.#addMessage(message, file);
		for (const dependency of file.dependencies) this.#add(dependency);
	}

	#addMessage(message: DescMessage, file: DescFile): void {
		this.#bySymbol.set(message.typeName, file);
		for (const { typeName } of message.nestedEnums)
			this.#bySymbol.set(typeName, file);
		for (const nested of message.nestedMessages) this.#addMessage(nested, file);
	}
}

function notFound(
	errorMessage: string,
): ServerReflectionResponse["messageResponse"] {
	return create(ServerReflectionResponseSchema, {
		messageResponse: {
			case: "errorResponse",
			value: { errorCode: Status.NOT_FOUND, errorMessage },
		},
	}).messageResponse;
}
