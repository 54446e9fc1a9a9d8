// What the commands ask of a running server, over its HTTP API.
import type { Tensor } from "../tensor/tensor.ts";

/** Throws an Error with the server's own text. */
export async function call(
	url: string,
	path: string,
	body?: unknown,
): Promise<unknown> {
	const answer = await send(`${base(url)}${path}`, {
		method: body === undefined ? "GET" : "POST",
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	const text = await answer.text();
	const json: unknown = text === "" ? {} : JSON.parse(text);
	if (!answer.ok)
		throw new Error(
			(json as { error?: string }).error ?? `HTTP ${answer.status}`,
		);
	return json;
}

/** Infers with the binary tensor extension. */
export async function inferRemote(
	url: string,
	model: string,
	inputs: readonly Tensor[],
): Promise<Tensor[]> {
	const header = JSON.stringify({
		inputs: inputs.map(({ name, dtype, shape, data }) => ({
			name,
			datatype: dtype,
			shape,
			parameters: { binary_data_size: data.byteLength },
		})),
		parameters: { binary_data_output: true },
	});
	const answer = await send(
		`${base(url)}/v2/models/${encodeURIComponent(model)}/infer`,
		{
			method: "POST",
			headers: {
				"inference-header-content-length": String(Buffer.byteLength(header)),
			},
			body: Buffer.concat([
				Buffer.from(header),
				...inputs.map(({ data }) => data),
			]),
		},
	);
	const bytes = Buffer.from(await answer.arrayBuffer());
	const length = Number(
		answer.headers.get("inference-header-content-length") ?? bytes.length,
	);
	const json = JSON.parse(bytes.toString("utf8", 0, length)) as {
		error?: string;
		outputs: {
			name: string;
			datatype: Tensor["dtype"];
			shape: number[];
			parameters: { binary_data_size: number };
		}[];
	};
	if (!answer.ok) throw new Error(json.error ?? `HTTP ${answer.status}`);
	let at = length;
	return json.outputs.map(({ name, datatype, shape, parameters }) => {
		const data = new Uint8Array(
			bytes.subarray(at, at + parameters.binary_data_size),
		);
		at += parameters.binary_data_size;
		return { name, dtype: datatype, shape, data };
	});
}

function base(url: string): string {
	return url.includes("://") ? url.replace(/\/$/, "") : `http://${url}`;
}

async function send(url: string, init: RequestInit): Promise<Response> {
	try {
		return await fetch(url, init);
	} catch {
		throw new Error(
			`no server answers at ${url}; start one with 'saccade serve', or name another with --url`,
		);
	}
}
