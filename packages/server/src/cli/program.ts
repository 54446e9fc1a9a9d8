// The command line's grammar. `serve` reads its own options, in Triton's names and forms.
import { Command } from "commander";
import { VERSION } from "../app/version.ts";
import { OPTIONS } from "../config/options.ts";

/** Commands, their options and their help; what they do is loaded when they are called. */
export function createProgram(): Command {
	const program = new Command("saccade")
		.description("Perception inference server that keeps its deadlines")
		.version(`saccade ${VERSION}`)
		.exitOverride();
	program
		.command("serve")
		.description("serve models over HTTP and gRPC")
		.addHelpText("after", serveHelp());
	addInfer(program);
	addBench(program);
	addModels(program);
	addRecordings(program);
	addStreams(program);
	addExplain(program);
	addDoctor(program);
	addDemo(program);
	program
		.command("sysinfo")
		.description("versions, cores, memory, library and execution providers")
		.option("--json", "print JSON")
		.addHelpText("after", "\nExample:\n  saccade sysinfo --json")
		.action(async (options) => (await import("./sysinfo.ts")).sysinfo(options));
	return program;
}

function addExplain(program: Command): void {
	program
		.command("explain")
		.description(
			"where the time of a request or frame went, and which decision did it",
		)
		.argument(
			"[trace-id]",
			"as in `traceparent` and `traceresponse`; none: lists what is kept",
			"",
		)
		.option("-u, --url <host:port>", "of the server", "127.0.0.1:8000")
		.option("--order <slowest|missed|newest>", "of the list", "slowest")
		.option("--name <name>", "list those of this model or pipeline alone")
		.option("--limit <count>", "of the list", "20")
		.option("--json", "print JSON")
		.addHelpText(
			"after",
			"\nExamples:\n  saccade explain --order missed\n  saccade explain 4bf92f3577b34da6a3ce929d0e0e4736",
		)
		.action(async (traceId: string, options) =>
			(await import("./explain.ts")).explain(traceId, options),
		);
}

function addInfer(program: Command): void {
	program
		.command("infer")
		.description("one inference, in this process or on a running server")
		.argument("<model>", "name of the model")
		.option(
			"-r, --model-repository <directory...>",
			"load the model from here, in this process",
		)
		.option("-u, --url <host:port>", "HTTP address of a running server")
		.option("--model-version <version>", "default: the highest that serves")
		.option(
			"-i, --input <[name=]file...>",
			"picture, .npy, .json or raw bytes; inputs without one are zeros",
		)
		.option(
			"--shape <name:sizes...>",
			"sizes of an input with dynamic dimensions, e.g. input:1,64",
		)
		.option(
			"--channel-order <rgb|bgr>",
			"of a picture; over saccade.input.channels",
		)
		.option("--scale <factor>", "of a picture; over saccade.input.scale")
		.option("--mean <r,g,b>", "of a picture; over saccade.input.mean")
		.option("--std <r,g,b>", "of a picture; over saccade.input.std")
		.option("--threshold <score>", "least score of a detection", "0.65")
		.option("--iou <overlap>", "non-maximum suppression", "0.45")
		.option("--labels <file>", "one class name a line")
		.option("-o, --out <file>", "write the picture with the boxes drawn")
		.option("--full", "print every value of every output")
		.option("--json", "print JSON")
		.addHelpText(
			"after",
			"\nExamples:\n  saccade infer mlp --model-repository models/repository\n  saccade infer fastestdet -u 127.0.0.1:8000 -i street.jpg -o boxes.png",
		)
		.action(async (model: string, options) =>
			(await import("./infer.ts")).infer(model, options),
		);
}

function addBench(program: Command): void {
	program
		.command("bench")
		.description(
			"load a running server, and tell what it answers within the deadline",
		)
		.option("-m, --model <name>", "model to ask; none: plain readings")
		.option("-u, --url <host:port>", "of the server", "127.0.0.1:8001")
		.option(
			"--protocol <grpc|http|stream>",
			"stream: each request is a frame of a sensor stream (gRPC)",
			"grpc",
		)
		.option("--rate <per second>", "open loop: requests arrive by themselves")
		.option("--cameras <count>", "open loop: as frames of so many cameras")
		.option("--fps <frames>", "of each camera", "30")
		.option(
			"--concurrency <count>",
			"closed loop: so many under way, each followed by the next",
		)
		.option("--deadline-ms <ms>", "of each request, told to the server", "1000")
		.option("--seconds <s>", "that are measured", "10")
		.option("--warm-up-seconds <s>", "of the same load before", "1")
		.option("--connections <count>", "default: 4 of gRPC, 64 of HTTP, 1 stream")
		.option("--seed <number>", "of arrivals and inputs", "1")
		.option(
			"--shape <name:sizes...>",
			"sizes of an input with dynamic dimensions, e.g. input:1,64",
		)
		.option("--json", "print JSON")
		.addHelpText("after", BENCH_HELP)
		.action(async (options) => (await import("./bench.ts")).bench(options));
}

const BENCH_HELP = `
Of --rate, --cameras and --concurrency give one; without any it is --concurrency 1.
In the open loop latency counts from the scheduled arrival, so that no stall hides in it. The client listens for twice
the deadline, and says so when it, and not the server, is the bottleneck.

Examples:
  saccade bench --model mlp --rate 2000 --deadline-ms 50
  saccade bench --model fastestdet --cameras 8 --fps 30 --deadline-ms 33 --seconds 30
  saccade bench --protocol stream --rate 20000 --deadline-ms 100
  saccade bench --model mlp --protocol http --url 127.0.0.1:8000 --concurrency 32 --json`;

function addModels(program: Command): void {
	const models = program
		.command("models")
		.description("what is in a repository or on a running server");
	const actions = [
		["list", "[]", "models, versions and states"],
		["show", "<model>", "inputs, outputs and versions of a model"],
		["explain", "<model>", "its configuration as completed from the file"],
		["load", "<model>", "load it on a running server (--url)"],
		["unload", "<model>", "unload it on a running server (--url)"],
	] as const;
	for (const [name, argument, description] of actions) {
		const command = models.command(name).description(description);
		if (argument === "<model>") command.argument(argument);
		command
			.option("-r, --model-repository <directory...>", "look in here")
			.option("-u, --url <host:port>", "HTTP address of a running server")
			.option("--json", "print JSON")
			.addHelpText(
				"after",
				`\nExample:\n  saccade models ${name}${argument === "<model>" ? " mlp" : ""} ${name.endsWith("load") ? "--url 127.0.0.1:8000" : "--model-repository models/repository"}`,
			)
			.action(async (...given: unknown[]) => {
				const model = typeof given[0] === "string" ? given[0] : "";
				const { models: run } = await import("./models.ts");
				await run(name, model, command.opts());
			});
	}
	addPreparing(models);
	addHistory(models);
	addSigning(models);
}

function addPreparing(models: Command): void {
	models
		.command("prepare")
		.description("optimise large models into the cache that servers load from")
		.argument("[model...]", "default: all of the repository")
		.requiredOption("-r, --model-repository <directory...>", "where they are")
		.option(
			"--prepared-dir <directory>",
			"the cache; default: `prepared` in the state directory",
		)
		.option("--prepared-max-size <bytes>", "of the cache")
		.option("--json", "print JSON; progress goes to standard error")
		.addHelpText(
			"after",
			"\nFor an image: prepare on a processor like those that will serve, then serve with --prepared-models read-only.\n\nExample:\n  saccade models prepare --model-repository models/repository --prepared-dir /opt/prepared",
		)
		.action(async (models: string[], options) =>
			(await import("./prepare.ts")).prepare(models, options),
		);
}

function addSigning(models: Command): void {
	models
		.command("sign")
		.description("write the manifest of a model's versions, and sign it")
		.argument("<model>")
		.requiredOption("-r, --model-repository <directory>", "where it is")
		.option("--model-version <version...>", "default: all that are there")
		.option("--key <file>", "private ed25519 key, PEM; none: digests only")
		.option("--expires-days <days>", "default: never")
		.option("--json", "print JSON")
		.addHelpText(
			"after",
			"\nThe server checks it with --model-integrity.\n\nExample:\n  saccade models sign detector -r models --key release.pem",
		)
		.action(async (model: string, options) =>
			(await import("./sign.ts")).sign(model, options),
		);
	models
		.command("verify")
		.description("whether a model's versions are as they were signed")
		.argument("<model>")
		.requiredOption("-r, --model-repository <directory>", "where it is")
		.option("--model-version <version...>", "default: all that are there")
		.option("--key <file...>", "public keys that count; none: digests only")
		.option("--json", "print JSON")
		.addHelpText(
			"after",
			"\nExample:\n  saccade models verify detector -r models --key release.pub.pem",
		)
		.action(async (model: string, options) =>
			(await import("./sign.ts")).verify(model, options),
		);
}

function addHistory(models: Command): void {
	models
		.command("history")
		.description("what became of models on this machine, from the audit log")
		.argument("[model]", "only of this one")
		.option("--state-dir <directory>", "of the server; default: the user's")
		.option("--last <count>", "so many events", "50")
		.option("--verify", "tell whether the log is whole; ends with 1 if not")
		.option(
			"--key <file...>",
			"public ed25519 keys, PEM: one of them must have signed the log",
		)
		.option(
			"--log <file>",
			"the server's own log (-: standard input): what it told must be there",
		)
		.option("--json", "print JSON")
		.addHelpText(
			"after",
			"\nExamples:\n  saccade models history detector\n  saccade models history --verify --key audit.pub.pem --log server.log",
		)
		.action(async (model: string | undefined, options) =>
			(await import("./history.ts")).history(model, options),
		);
}

function addRecordings(program: Command): void {
	program
		.command("record")
		.description("record what a running server's streams and models do")
		.option("-u, --url <host:port>", "HTTP address", "127.0.0.1:8000")
		.option("--name <name>", "of the file; default: the time of day")
		.option("--seconds <s>", "end after so long; default: Ctrl-C ends it")
		.option("--max-size <bytes>", "end at this size")
		.option("-o, --out <file>", "copy it here, from this machine's server")
		.option("--token-file <file>", "holds the server's admin token")
		.option("--json", "print JSON")
		.addHelpText(
			"after",
			"\nExample:\n  saccade record --seconds 60 --out drive.mcap",
		)
		.action(async (options) => (await import("./record.ts")).record(options));
	program
		.command("replay")
		.description(
			"play a recording back in virtual time and compare every outcome, or send it to a running server in real time",
		)
		.argument("<file>", "an MCAP file of `saccade record`")
		.option("-u, --url <host:port>", "gRPC address: in real time")
		.option("--json", "print JSON")
		.addHelpText(
			"after",
			"\nExamples:\n  saccade replay drive.mcap\n  saccade replay drive.mcap --url 127.0.0.1:8001",
		)
		.action(async (file: string, options) =>
			(await import("./replay.ts")).replay(file, options),
		);
}

function addStreams(program: Command): void {
	const streams = program
		.command("streams")
		.description("the pipelines that sensor streams can ask for");
	for (const [name, argument, description] of [
		["list", "", "pipelines, their sensors and stages"],
		["explain", "<pipeline>", "stages, types, where each runs, its time"],
	] as const) {
		const command = streams.command(name).description(description);
		if (argument !== "") command.argument(argument);
		command
			.option("-u, --url <host:port>", "HTTP address of a running server")
			.option("--config <file>", "of a configuration file")
			.option("--pipelines <directory...>", "of the *.yaml in here")
			.option("-r, --model-repository <directory...>", "models they run")
			.option("--json", "print JSON")
			.addHelpText(
				"after",
				`\nExample:\n  saccade streams ${name}${argument === "" ? "" : " street"} --pipelines pipelines --model-repository models/repository`,
			)
			.action(async (...given: unknown[]) => {
				const pipeline = typeof given[0] === "string" ? given[0] : "";
				const { streams: run } = await import("./streams.ts");
				await run(pipeline, command.opts());
			});
	}
}

function addDoctor(program: Command): void {
	program
		.command("doctor")
		.description(
			"what would stop this machine from serving, and how to mend it",
		)
		.option("-r, --model-repository <directory...>", "load its models too")
		.option("--http-port <port>", "to check", "8000")
		.option("--grpc-port <port>", "to check", "8001")
		.option("--metrics-port <port>", "to check", "8002")
		.option("--json", "print JSON")
		.addHelpText(
			"after",
			"\nExample:\n  saccade doctor --model-repository models/repository",
		)
		.action(async (options) => (await import("./doctor.ts")).doctor(options));
}

function addDemo(program: Command): void {
	program
		.command("demo")
		.description(
			"the bundled models drive a simulated vehicle: live on a page, or headless with numbers",
		)
		.option(
			"-r, --model-repository <directory>",
			"where the bundled models are",
			"models/repository",
		)
		.option("--headless", "no page: drive, print the numbers, end")
		.option("--seed <number>", "which streets", "1")
		.option("--seconds <s>", "headless, in real time (default: 20)")
		.option(
			"--rate <times>",
			"headless: how many times as often LiDAR and camera speak; above 1 nothing need be in time",
			"1",
		)
		.option("--virtual", "headless, as fast as it can be computed")
		.option("--drives <count>", "with --virtual", "100")
		.option("--http-port <port>", "of the page", "8000")
		.option("--grpc-port <port>", "of the streams", "8001")
		.option("--metrics-port <port>", "of the metrics", "8002")
		.option("--foxglove", "serve Foxglove viewers on port 8765")
		.option("--json", "print one JSON object")
		.addHelpText(
			"after",
			"\nHeadless it ends with 0 only if every promise was held.\n\nExamples:\n  saccade demo\n  saccade demo --headless --seconds 20 --seed 7 --json\n  saccade demo --headless --virtual --drives 100 --seed 7 --json",
		)
		.action(async (options) => (await import("./demo.ts")).demo(options));
	program
		.command("drive")
		.description(
			"a simulated vehicle that streams its sensors to a running server and obeys its decisions",
		)
		.option("-u, --url <host:port>", "of the server's gRPC", "127.0.0.1:8001")
		.option("--seed <number>", "which streets", "1")
		.option("--seconds <s>", "default: until a signal")
		.option("--no-camera", "look by the LiDAR alone")
		.option(
			"--rate <times>",
			"how many times as often LiDAR and camera speak; above 1 nothing need be in time",
			"1",
		)
		.option("--json", "print one JSON object")
		.addHelpText("after", "\nExample:\n  saccade drive --seconds 60 --seed 7")
		.action(async (options) => (await import("./drive.ts")).drive(options));
}

/** From the one table of options. */
function serveHelp(): string {
	const lines = Object.values(OPTIONS).map(
		({ flag, unit, meaning }) => `  --${flag} <${unit}>\n      ${meaning}`,
	);
	return `\nExample:\n  saccade serve --model-repository models/repository --http-port 8000\n\nOptions (--x v or --x=v; docs/config.md has defaults and reasons):\n  --config <file>\n      Options from a YAML file; flags and environment win over it.\n  --json\n      Say the addresses and models as one JSON object.\n${lines.join("\n")}`;
}
