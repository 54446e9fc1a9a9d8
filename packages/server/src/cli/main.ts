// The `saccade` command. Each command's module is loaded when it is called, so that `serve` starts fast.
import { UsageError } from "./usage-error.ts";

const FAILED = 1;
const USAGE = 2;

const args = process.argv.slice(2);
process.exitCode = await run(args);

async function run(argv: readonly string[]): Promise<number> {
	const asksHelp = argv.includes("--help") || argv.includes("-h");
	if (argv[0] === "serve" && !asksHelp)
		return (await import("./serve.ts")).serve(argv.slice(1));
	try {
		const { createProgram } = await import("./program.ts");
		await createProgram().parseAsync(argv, { from: "user" });
		return Number(process.exitCode ?? 0);
	} catch (error) {
		return exitCodeOf(error, argv[0] ?? "");
	}
}

function exitCodeOf(error: unknown, command: string): number {
	const { code, exitCode } = error as { code?: string; exitCode?: number };
	// Commander has printed its own text already.
	if (code?.startsWith("commander.") === true)
		return exitCode === 0 ? 0 : USAGE;
	console.error(
		`saccade ${command}: ${error instanceof Error ? error.message : String(error)}`,
	);
	return error instanceof UsageError ? USAGE : FAILED;
}
