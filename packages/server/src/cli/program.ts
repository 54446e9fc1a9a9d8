// Commands, their options and their help. What they do is elsewhere, loaded when called.
import { Command } from "commander";
import { VERSION } from "../app/version.ts";
import { OPTIONS } from "../config/options.ts";

const DEFAULT_URL = "127.0.0.1:8000";

/** @param done receives the exit code */
export function buildProgram(done: (code: number) => void): Command {
	const program = new Command("saccade")
		.description(
			"A perception inference server that keeps a deadline which begins at the sensor.",
		)
		.version(`saccade ${VERSION}`, "--version")
		.exitOverride()
		.showHelpAfterError("(--help shows what is possible)");
	program
		.command("serve")
		.description("serve a model repository over HTTP and gRPC")
		.addHelpText("after", serveHelp());
	program
		.command("infer <model>")
		.description("one inference, in this process or on a running server")
		.option(
			"--model-repository <dir>",
			"load the model from here, without a server",
		)
		.option(
			"--url <host:port>",
			"HTTP address of a running server",
			DEFAULT_URL,
		)
		.option(
			"--input <file>",
			"picture, .npy, .json or raw bytes; zeros when left out",
		)
		.option("--out <picture>", "write the picture with the found boxes drawn")
		.option(
			"--channel-order <rgb|bgr>",
			"order that the model was trained with",
			"bgr",
		)
		.option("--scale <factor>", "factor for 8-bit pixels", Number, 1 / 255)
		.option("--threshold <score>", "least score of a box", Number, 0.65)
		.option("--json", "one JSON object")
		.addHelpText(
			"after",
			"\nExample:\n  saccade infer fastestdet --model-repository ./models --input street.jpg --out boxes.png",
		)
		.action(async (model, options) =>
			done(await (await import("./infer.ts")).infer(model, options)),
		);
	const models = program
		.command("models")
		.description(
			"list, show, explain, load and unload models of a running server",
		);
	const remote = (name: string, description: string) =>
		models
			.command(name)
			.description(description)
			.option("--url <host:port>", "HTTP address of the server", DEFAULT_URL)
			.option("--json", "one JSON value");
	remote("list", "every model and version with its state")
		.addHelpText(
			"after",
			"\nExample:\n  saccade models list --url 127.0.0.1:8000",
		)
		.action(async (options) =>
			done(await (await import("./models.ts")).listModels(options)),
		);
	remote("show <model>", "inputs and outputs").action(async (model, options) =>
		done(await (await import("./models.ts")).showModel(model, options)),
	);
	remote(
		"explain <model>",
		"the configuration as it is served, completed",
	).action(async (model, options) =>
		done(await (await import("./models.ts")).explainModel(model, options)),
	);
	for (const change of ["load", "unload"] as const)
		remote(
			`${change} <model>`,
			`${change} a model (needs --model-control-mode=explicit)`,
		).action(async (model, options) =>
			done(
				await (await import("./models.ts")).changeModel(change, model, options),
			),
		);
	program
		.command("doctor")
		.description(
			"what would stop this machine from serving, and how to mend it",
		)
		.option("--model-repository <dir>", "also look at this repository")
		.option("--json", "one JSON array")
		.addHelpText(
			"after",
			"\nExample:\n  saccade doctor --model-repository ./models",
		)
		.action(async (options) =>
			done(await (await import("./doctor.ts")).doctor(options)),
		);
	program
		.command("sysinfo")
		.description("versions, cores, memory, providers")
		.option("--json", "on one line")
		.addHelpText("after", "\nExample:\n  saccade sysinfo --json")
		.action(async (options) =>
			done(await (await import("./doctor.ts")).sysinfo(options)),
		);
	return program;
}

function serveHelp(): string {
	const lines = Object.values(OPTIONS).map(
		({ flag, unit, meaning }) => `  --${flag} <${unit}>\n      ${meaning}`,
	);
	return `\nExample:\n  saccade serve --model-repository ./models --http-port 8000\n\nOptions (--x v or --x=v; docs/config.md has defaults and reasons):\n${lines.join("\n")}`;
}
