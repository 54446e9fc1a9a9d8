// What clients say, from bytes that are not trusted to plain data.
import type { Parameter } from "./protocol.ts";

interface Subscription {
	/** Chosen by the client; what it gets carries it. */
	readonly id: number;
	readonly channelId: number;
}

export type ClientMessage =
	| {
			readonly op: "subscribe";
			readonly subscriptions: readonly Subscription[];
	  }
	| { readonly op: "unsubscribe"; readonly subscriptionIds: readonly number[] }
	| {
			readonly op: "getParameters";
			/** Empty: all. */
			readonly parameterNames: readonly string[];
			readonly id: string | undefined;
	  }
	| {
			readonly op: "setParameters";
			readonly parameters: readonly Parameter[];
			readonly id: string | undefined;
	  }
	| {
			readonly op: "subscribeParameterUpdates" | "unsubscribeParameterUpdates";
			readonly parameterNames: readonly string[];
	  };

/** Or what is wrong with it. */
export type ParsedMessage =
	| { readonly ok: true; readonly message: ClientMessage }
	| { readonly ok: false; readonly problem: string };

/** Known to the protocol, and nothing that this server does. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
	"advertise",
	"unadvertise",
	"fetchAsset",
	"subscribeConnectionGraph",
	"unsubscribeConnectionGraph",
]);

export function parseClientText(text: string): ParsedMessage {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		return wrong("a text message is no JSON");
	}
	if (!isObject(json)) return wrong("a text message is no JSON object");
	const { op } = json;
	switch (op) {
		case "subscribe":
			return list(json, "subscriptions", subscriptionOf, (subscriptions) => ({
				op,
				subscriptions,
			}));
		case "unsubscribe":
			return list(json, "subscriptionIds", idOf, (subscriptionIds) => ({
				op,
				subscriptionIds,
			}));
		case "getParameters":
			return list(json, "parameterNames", nameOf, (parameterNames) => ({
				op,
				parameterNames,
				id: requestIdOf(json),
			}));
		case "setParameters":
			return list(json, "parameters", parameterOf, (parameters) => ({
				op,
				parameters,
				id: requestIdOf(json),
			}));
		case "subscribeParameterUpdates":
		case "unsubscribeParameterUpdates":
			return list(json, "parameterNames", nameOf, (parameterNames) => ({
				op,
				parameterNames,
			}));
		default:
			return wrong(
				typeof op === "string" && UNSUPPORTED.has(op)
					? `'${op}' is not supported: serverInfo has no such capability`
					: `unknown op ${shown(op)}`,
			);
	}
}

/** All that a client may say in binary is messages and service calls, which need capabilities that this server has not. */
export function parseClientBinary(bytes: Uint8Array): ParsedMessage {
	switch (bytes[0]) {
		case undefined:
			return wrong("a binary message is empty");
		case 1:
			return wrong("clients cannot publish: serverInfo has no clientPublish");
		case 2:
			return wrong("there are no services: serverInfo has no such capability");
		default:
			return wrong(`unknown opcode ${bytes[0]}`);
	}
}

type Read<T> = (value: unknown) => T | undefined;

function list<T>(
	json: Readonly<Record<string, unknown>>,
	field: string,
	read: Read<T>,
	make: (items: readonly T[]) => ClientMessage,
): ParsedMessage {
	const values = json[field];
	if (!Array.isArray(values))
		return wrong(`'${String(json["op"])}' needs a list '${field}'`);
	const items: T[] = [];
	for (const value of values) {
		const item = read(value);
		if (item === undefined)
			return wrong(`'${field}' of '${String(json["op"])}' has ${shown(value)}`);
		items.push(item);
	}
	return { ok: true, message: make(items) };
}

function subscriptionOf(value: unknown): Subscription | undefined {
	if (!isObject(value)) return undefined;
	const [id, channelId] = [idOf(value["id"]), idOf(value["channelId"])];
	if (id === undefined || channelId === undefined) return undefined;
	return { id, channelId };
}

function idOf(value: unknown): number | undefined {
	return Number.isInteger(value) &&
		Number(value) >= 0 &&
		Number(value) < 2 ** 32
		? Number(value)
		: undefined;
}

function nameOf(value: unknown): string | undefined {
	return typeof value === "string" ? value : undefined;
}

function parameterOf(value: unknown): Parameter | undefined {
	// Whatever else it carries is JSON, and judged by whoever takes it.
	return isObject(value) && typeof value["name"] === "string"
		? (value as unknown as Parameter)
		: undefined;
}

function requestIdOf({ id }: Readonly<Record<string, unknown>>) {
	return typeof id === "string" ? id : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(problem: string): ParsedMessage {
	return { ok: false, problem };
}

/** Short, whatever it is. */
function shown(value: unknown): string {
	return (JSON.stringify(value) ?? "nothing").slice(0, 100);
}
