import assert from "node:assert/strict";
import { test } from "node:test";
import { flatNaming, namespacedNaming, shortNameOf } from "./naming.ts";

test("without namespaces a model is called as its directory, and may be in any repository", () => {
	const naming = flatNaming(["/one", "/two"]);
	assert.equal(naming.nameOf({ repository: "/one", model: "m" }), "m");
	assert.deepEqual(naming.placesOf("m"), [
		{ repository: "/one", model: "m" },
		{ repository: "/two", model: "m" },
	]);
});

test("with namespaces a whole name is one place, and a short one may be any", () => {
	const naming = namespacedNaming(["/a/one/", "/b/two"]);
	const name = naming.nameOf({ repository: "/a/one/", model: "m" });
	assert.equal(name, "one::m");
	assert.deepEqual(naming.placesOf(name), [
		{ repository: "/a/one/", model: "m" },
	]);
	assert.equal(naming.placesOf("m").length, 2);
	assert.deepEqual(naming.placesOf("three::m"), []);
	assert.equal(shortNameOf(name), "m");
	assert.equal(shortNameOf("m"), null);
});

test("repositories whose paths end alike cannot be told apart", () => {
	assert.throws(() => namespacedNaming(["/a/models", "/b/models"]), {
		code: "INVALID_ARGUMENT",
		message: /\/a\/models and \/b\/models would both be 'models'/,
	});
});
