// The `saccade` command. Each command is a module of its own, loaded when it is called.
const [command, ...args] = process.argv.slice(2);

process.exitCode = await run(command, args);

async function run(
	name: string | undefined,
	rest: readonly string[],
): Promise<number> {
	switch (name) {
		case "serve":
			return (await import("./serve.ts")).serve(rest);
		default:
			console.error("saccade: commands are serve");
			return 2;
	}
}
