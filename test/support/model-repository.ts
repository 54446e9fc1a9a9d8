// A model repository of its own for one test, removed when the test ends.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFixture } from "../../scripts/fixtures/catalogue.ts";
import { writeFixture } from "../../scripts/fixtures/write-fixture.ts";

/** @returns the directory, with one model below it for each name of `scripts/fixtures/catalogue.ts`. */
export function makeModelRepository(
	test: { readonly after: (clean: () => void) => void },
	...names: readonly string[]
): string {
	const directory = mkdtempSync(join(tmpdir(), "saccade-models-"));
	test.after(() => rmSync(directory, { recursive: true, force: true }));
	for (const name of names) writeFixture(directory, findFixture(name));
	return directory;
}

/** Adds a model from a file outside, without a configuration. */
export function addModelFile(
	repository: string,
	name: string,
	file: string,
): void {
	const version = join(repository, name, "1");
	mkdirSync(version, { recursive: true });
	copyFileSync(file, join(version, "model.onnx"));
}
