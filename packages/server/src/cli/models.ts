// `saccade models …`: what a running server has, and its changes.
import { call } from "./http-client.ts";
import { printTable } from "./output.ts";

export interface ModelsOptions {
	readonly url: string;
	readonly json?: boolean;
}

interface IndexEntry {
	readonly name: string;
	readonly version?: string;
	readonly state?: string;
	readonly reason?: string;
}

export async function listModels(options: ModelsOptions): Promise<number> {
	const index = (await call(
		options.url,
		"/v2/repository/index",
		{},
	)) as IndexEntry[];
	if (options.json === true) console.log(JSON.stringify(index));
	else
		printTable(
			["model", "version", "state", "reason"],
			index.map(({ name, version = "", state = "not loaded", reason = "" }) => [
				name,
				version,
				state,
				reason,
			]),
		);
	return 0;
}

export async function showModel(
	name: string,
	options: ModelsOptions,
): Promise<number> {
	const metadata = await call(
		options.url,
		`/v2/models/${encodeURIComponent(name)}`,
	);
	console.log(
		JSON.stringify(metadata, null, options.json === true ? undefined : 2),
	);
	return 0;
}

/** The configuration as it is served, completed. */
export async function explainModel(
	name: string,
	options: ModelsOptions,
): Promise<number> {
	const config = await call(
		options.url,
		`/v2/models/${encodeURIComponent(name)}/config`,
	);
	console.log(
		JSON.stringify(config, null, options.json === true ? undefined : 2),
	);
	return 0;
}

export async function changeModel(
	change: "load" | "unload",
	name: string,
	options: ModelsOptions,
): Promise<number> {
	await call(
		options.url,
		`/v2/repository/models/${encodeURIComponent(name)}/${change}`,
		{},
	);
	if (options.json === true)
		console.log(JSON.stringify({ name, [change]: true }));
	else console.log(`${name}: ${change === "load" ? "loaded" : "unloaded"}`);
	return 0;
}
