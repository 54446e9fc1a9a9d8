// The `saccade` command. Each command's module is loaded when it is called, so that `serve` starts fast.
const USAGE_EXIT = 2;
const [command, ...args] = process.argv.slice(2);

try {
	// `serve` reads its own options: Triton's names and forms.
	process.exitCode =
		command === "serve" && !isHelp(args)
			? await (await import("./serve.ts")).serve(args)
			: await runProgram();
} catch (error) {
	const { code, exitCode } = error as { code?: string; exitCode?: number };
	if (code?.startsWith("commander.") === true) {
		process.exitCode = exitCode === 0 ? 0 : USAGE_EXIT;
	} else {
		console.error(
			`saccade ${command ?? ""}: ${error instanceof Error ? error.message : String(error)}`,
		);
		process.exitCode = 1;
	}
}

function isHelp(rest: readonly string[]): boolean {
	return rest.includes("--help") || rest.includes("-h");
}

async function runProgram(): Promise<number> {
	const { buildProgram } = await import("./program.ts");
	let code = 0;
	await buildProgram((result) => {
		code = result;
	}).parseAsync(process.argv);
	return code;
}
