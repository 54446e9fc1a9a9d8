// Settings of a step: `with:` of its node, each read by its own reader. Every problem is told.
import type { Reader } from "../../common/readers.ts";

export interface Setting<T> {
	readonly read: Reader<T>;
	readonly meaning: string;
	/** Absent: the setting is required. */
	readonly default?: NoInfer<T>;
}

export type SettingsSpec = Readonly<Record<string, Setting<unknown>>>;

export type SettingsOf<Spec extends SettingsSpec> = {
	readonly [Name in keyof Spec]: Spec[Name] extends Setting<infer T>
		? T
		: never;
};

export function setting<T>(spec: Setting<T>): Setting<T> {
	return spec;
}

export type SettingsRead =
	| { readonly ok: true; readonly settings: Readonly<Record<string, unknown>> }
	| { readonly ok: false; readonly problems: readonly string[] };

export function readSettings(
	spec: SettingsSpec,
	given: Readonly<Record<string, unknown>>,
): SettingsRead {
	const problems: string[] = [];
	const settings: Record<string, unknown> = {};
	for (const name of Object.keys(given))
		if (!Object.hasOwn(spec, name)) problems.push(unknownSetting(name, spec));
	for (const [name, { read, meaning, default: fallback }] of Object.entries(
		spec,
	)) {
		const value = Object.hasOwn(given, name) ? given[name] : undefined;
		if (value === undefined) {
			if (fallback === undefined)
				problems.push(`'${name}' is missing: ${meaning}`);
			settings[name] = fallback;
			continue;
		}
		const result = read(value);
		if (result.ok) settings[name] = result.value;
		else
			problems.push(
				`'${name}' (${meaning}): ${result.problem}, got ${JSON.stringify(value)}`,
			);
	}
	return problems.length === 0
		? { ok: true, settings }
		: { ok: false, problems };
}

function unknownSetting(name: string, spec: SettingsSpec): string {
	const known = Object.keys(spec);
	return known.length === 0
		? `'${name}' is no setting; the step takes none`
		: `'${name}' is no setting; there are ${known.join(", ")}`;
}
