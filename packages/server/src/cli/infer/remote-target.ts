// A running server over HTTP with the binary tensor extension; any server of the protocol will do.
// https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
import { fromJsonString } from "@bufbuild/protobuf";
import { isDType } from "@saccade/protocol";
import { ModelConfigSchema } from "@saccade/protocol/gen/inference/model_config_pb.js";
import { z } from "zod";
import type { Tensor } from "../../tensor/tensor.ts";
import { UsageError } from "../usage-error.ts";
import type { Answer, IndexRow, ModelFacts, Target } from "./target.ts";

const spec = z.object({
	name: z.string(),
	datatype: z.string().refine(isDType),
	shape: z.array(z.coerce.number()),
});
const metadataSchema = z.object({
	name: z.string(),
	versions: z.array(z.string()).default([]),
	platform: z.string().default(""),
	inputs: z.array(spec),
	outputs: z.array(spec),
});
const indexSchema = z.array(
	z.object({
		name: z.string(),
		version: z.string().default(""),
		state: z.string().default(""),
		reason: z.string().default(""),
	}),
);
const answerSchema = z.object({
	model_name: z.string(),
	model_version: z.string().default(""),
	outputs: z.array(
		spec.extend({ parameters: z.object({ binary_data_size: z.number() }) }),
	),
});
const HEADER_LENGTH = "inference-header-content-length";

export class RemoteTarget implements Target {
	readonly #base: string;

	/** @param url `host:port` or `http://host:port` */
	constructor(url: string) {
		const full = url.includes("://") ? url : `http://${url}`;
		if (!URL.canParse(full))
			throw new UsageError(`--url is host:port, got '${url}'`);
		this.#base = full.replace(/\/$/, "");
	}

	async describe(model: string, version: string): Promise<ModelFacts> {
		const path = modelPath(model, version);
		const text = (await this.#call("GET", path)).toString();
		const metadata = metadataSchema.parse(JSON.parse(text));
		const config = await this.#call("GET", `${path}/config`);
		const toSpec = ({ name, datatype, shape }: z.infer<typeof spec>) => ({
			name,
			dtype: datatype,
			shape,
		});
		return {
			...metadata,
			inputs: metadata.inputs.map(toSpec),
			outputs: metadata.outputs.map(toSpec),
			// A server newer than this client may know more fields.
			config: fromJsonString(ModelConfigSchema, config.toString(), {
				ignoreUnknownFields: true,
			}),
		};
	}

	async infer(
		model: string,
		version: string,
		inputs: readonly Tensor[],
	): Promise<Answer> {
		const head = Buffer.from(
			JSON.stringify({
				inputs: inputs.map(({ name, dtype, shape, data }) => ({
					name,
					datatype: dtype,
					shape,
					parameters: { binary_data_size: data.byteLength },
				})),
				parameters: { binary_data_output: true },
			}),
		);
		const body = Buffer.concat([head, ...inputs.map(({ data }) => data)]);
		const response = await this.#fetch(
			"POST",
			`${modelPath(model, version)}/infer`,
			body,
			{ [HEADER_LENGTH]: String(head.byteLength) },
		);
		const bytes = Buffer.from(await response.arrayBuffer());
		const length = Number(
			response.headers.get(HEADER_LENGTH) ?? bytes.byteLength,
		);
		return toAnswer(bytes, length);
	}

	async index(): Promise<readonly IndexRow[]> {
		const text = await this.#call("POST", "/v2/repository/index");
		return indexSchema.parse(JSON.parse(text.toString()));
	}

	async load(model: string): Promise<void> {
		await this.#call("POST", repositoryPath(model, "load"));
	}

	async unload(model: string): Promise<void> {
		await this.#call("POST", repositoryPath(model, "unload"));
	}

	async close(): Promise<void> {}

	async #call(method: string, path: string): Promise<Buffer> {
		const body = method === "POST" ? Buffer.from("{}") : null;
		const response = await this.#fetch(method, path, body, {});
		return Buffer.from(await response.arrayBuffer());
	}

	/** Throws with the server's own text. */
	async #fetch(
		method: string,
		path: string,
		body: Buffer<ArrayBuffer> | null,
		headers: Record<string, string>,
	): Promise<Response> {
		const response = await fetch(this.#base + path, {
			method,
			body,
			headers,
		}).catch((cause: unknown) => {
			throw new Error(
				`${this.#base} does not answer; is a server running there? (${reasonOf(cause)})`,
				{ cause },
			);
		});
		if (response.ok) return response;
		const text = await response.text();
		throw new Error(`${errorText(text)} (HTTP ${response.status})`);
	}
}

function toAnswer(bytes: Buffer, headLength: number): Answer {
	const head = answerSchema.parse(
		JSON.parse(bytes.subarray(0, headLength).toString()),
	);
	let at = headLength;
	return {
		model: head.model_name,
		version: head.model_version,
		outputs: head.outputs.map(({ name, datatype, shape, parameters }) => {
			// A copy, so that typed arrays may view it: it begins where the allocator likes.
			const data = Uint8Array.from(
				bytes.subarray(at, at + parameters.binary_data_size),
			);
			at += parameters.binary_data_size;
			return { name, dtype: datatype, shape, data };
		}),
	};
}

function modelPath(model: string, version: string): string {
	const path = `/v2/models/${encodeURIComponent(model)}`;
	return version === ""
		? path
		: `${path}/versions/${encodeURIComponent(version)}`;
}

function repositoryPath(model: string, action: "load" | "unload"): string {
	return `/v2/repository/models/${encodeURIComponent(model)}/${action}`;
}

function errorText(body: string): string {
	try {
		const parsed: unknown = JSON.parse(body);
		return z.object({ error: z.string() }).parse(parsed).error;
	} catch {
		return body.slice(0, 200) || "no reason given";
	}
}

function reasonOf(error: unknown): string {
	const cause = error instanceof Error ? (error.cause ?? error) : error;
	return cause instanceof Error ? cause.message || cause.name : String(cause);
}
