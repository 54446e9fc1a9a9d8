// grpc-js with the generated messages: a client that shares no wire code with the server.
import {
	create,
	type DescMessage,
	fromBinary,
	type MessageInitShape,
	type MessageShape,
	toBinary,
} from "@bufbuild/protobuf";
import {
	Client,
	type ClientDuplexStream,
	type ClientUnaryCall,
	credentials,
	Metadata,
	type ServiceError,
} from "@grpc/grpc-js";

export interface Method<Req extends DescMessage, Res extends DescMessage> {
	readonly path: string;
	readonly request: Req;
	readonly response: Res;
}

export class TestClient {
	readonly #client: Client;

	constructor(address: string) {
		this.#client = new Client(address, credentials.createInsecure());
	}

	/** Rejects with grpc-js' ServiceError. @param onCall gets the call, to cancel it */
	unary<Req extends DescMessage, Res extends DescMessage>(
		method: Method<Req, Res>,
		init: MessageInitShape<Req>,
		headers: Record<string, string> = {},
		onCall: (call: ClientUnaryCall) => void = () => {},
	): Promise<MessageShape<Res>> {
		return new Promise((resolve, reject) => {
			const call = this.#client.makeUnaryRequest(
				method.path,
				(message: MessageShape<Req>) =>
					Buffer.from(toBinary(method.request, message)),
				(bytes: Buffer) => fromBinary(method.response, bytes),
				create(method.request, init),
				metadataOf(headers),
				(error: ServiceError | null, value?: MessageShape<Res>) => {
					if (value === undefined) reject(error);
					else resolve(value);
				},
			);
			onCall(call);
		});
	}

	bidi<Req extends DescMessage, Res extends DescMessage>(
		method: Method<Req, Res>,
		headers: Record<string, string> = {},
	): ClientDuplexStream<MessageShape<Req>, MessageShape<Res>> {
		return this.#client.makeBidiStreamRequest(
			method.path,
			(message: MessageShape<Req>) =>
				Buffer.from(toBinary(method.request, message)),
			(bytes: Buffer) => fromBinary(method.response, bytes),
			metadataOf(headers),
		);
	}

	close(): void {
		this.#client.close();
	}
}

function metadataOf(headers: Record<string, string>): Metadata {
	const metadata = new Metadata();
	for (const [name, value] of Object.entries(headers))
		metadata.set(name, value);
	return metadata;
}
