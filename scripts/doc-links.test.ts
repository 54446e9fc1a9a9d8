// What documents link to in the repository is there.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const LINK = /\]\(([^)\s]+)\)/g;
/** Another site, or a place within the same page. */
const ELSEWHERE = /^([a-z]+:|#)/;

const documents = globSync("**/*.md", {
	cwd: ROOT,
	exclude: (name) => /(^|\/)(node_modules|\.[a-z]+)$/.test(name),
});

test("links between documents lead somewhere", () => {
	assert.ok(documents.includes("README.md"));
	const broken = documents.flatMap((document) =>
		[...readFileSync(join(ROOT, document), "utf8").matchAll(LINK)]
			.map(([, link = ""]) => link)
			.filter((link) => !ELSEWHERE.test(link))
			.filter((link) => {
				const [path = ""] = link.split("#");
				return !existsSync(join(ROOT, dirname(document), decodeURI(path)));
			})
			.map((link) => `${document}: ${link}`),
	);
	assert.deepEqual(broken, []);
});
