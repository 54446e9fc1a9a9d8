import { describeSaccadeSettings } from "../repository/saccade-settings.ts";
import { envNameOf } from "./env-name.ts";
import {
	IGNORED_FLAGS,
	OPTIONS,
	type OptionName,
	REFUSED_FLAGS,
} from "./options.ts";

/** `docs/config.md`. */
export function renderConfigDoc(): string {
	const rows = (Object.keys(OPTIONS) as OptionName[]).map((name) => {
		const option = OPTIONS[name];
		const value = JSON.stringify(option.default);
		return `| \`--${option.flag}\` | \`${envNameOf(option.flag)}\` | ${option.unit.replaceAll("|", "\\|")} | \`${value}\` | ${option.meaning} | ${option.reason} |`;
	});
	const list = (flags: ReadonlySet<string>) =>
		[...flags].map((flag) => `\`--${flag}\``).join(", ");
	const settings = describeSaccadeSettings().map(
		([key, fallback, meaning]) =>
			`| \`${key}\` | \`${fallback}\` | ${meaning} |`,
	);
	return [
		"# Options of `saccade serve`",
		"",
		"Flags (`--x v` or `--x=v`) over the environment over the file (`--config saccade.yaml`, keys under `server:` spelt as the flags) over defaults. All problems are reported at once; exit code 2. Generated from `packages/server/src/config/options.ts` by `npm run docs`.",
		"",
		"| flag | environment | unit | default | meaning | why |",
		"|---|---|---|---|---|---|",
		...rows,
		"",
		`Triton options that are known and have no effect in this version, each with a warning: ${list(IGNORED_FLAGS)}.`,
		"",
		`Options that promise security and are not enforced in this version, so the server does not start with them: ${list(REFUSED_FLAGS)}.`,
		"",
		"# Settings of a model",
		"",
		'In its `config.pbtxt`, so that Triton can still load the repository: `parameters { key: "saccade.objective_ms" value { string_value: "50" } }`. An unknown `saccade.` key fails the load.',
		"",
		"| key | default | meaning |",
		"|---|---|---|",
		...settings,
		"",
	].join("\n");
}
