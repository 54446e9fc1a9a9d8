/** The command line is wrong: exit code 2, and the text says what to write instead. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}
