import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BrowserGuard } from "./browser-guard.ts";

function check(
	headers: Readonly<Record<string, string>>,
	options: { readonly hosts?: string[]; readonly origins?: string[] } = {},
	changesState = true,
): string {
	const guard = new BrowserGuard({
		allowedHosts: options.hosts ?? [],
		allowedOrigins: options.origins ?? [],
	});
	const header = (name: string) => headers[name];
	const request = { header, httpVersion: "1.1" };
	return guard.check(request, changesState)?.code ?? "passes";
}

describe("host names", () => {
	test("loopback names and literal addresses are answered, on any port", () => {
		for (const host of [
			"localhost",
			"LOCALHOST:8000",
			"127.0.0.1:8000",
			"127.8.9.1",
			"[::1]:8000",
			"[::1]",
			"192.168.1.20:8000",
			"[fe80::1]:8000",
		])
			assert.equal(check({ host }), "passes", host);
	});

	test("names that a stranger's DNS may point here are not", () => {
		for (const host of [
			"evil.example",
			"localhost.evil.example",
			"127.0.0.1.evil.example",
			"evil.example:8000",
			"localhost@evil.example",
			"127.0.0.1:80@evil.example",
			"evil.example#localhost",
			"[evil.example]",
			"localhost.",
			"",
			":8000",
		])
			assert.equal(check({ host }), "PERMISSION_DENIED", host);
	});

	test("names that the operator allows are answered, and only those", () => {
		const hosts = ["Robot.local"];
		assert.equal(check({ host: "robot.LOCAL:8000" }, { hosts }), "passes");
		assert.equal(
			check({ host: "robot.locale" }, { hosts }),
			"PERMISSION_DENIED",
		);
		assert.equal(check({ host: "any.example" }, { hosts: ["*"] }), "passes");
	});

	test("a request without Host is no HTTP/1.1", () => {
		assert.equal(check({}), "INVALID_ARGUMENT");
	});
});

describe("origins", () => {
	const host = "localhost:8000";

	test("a page of our own may change state", () => {
		for (const origin of ["http://localhost:8000", "https://localhost:8000"])
			assert.equal(check({ host, origin }), "passes");
	});

	test("pages of others may not", () => {
		for (const origin of [
			"http://evil.example",
			"http://localhost",
			"http://localhost:8001",
			"http://127.0.0.1:8000",
			"null",
			"",
			"file://",
			"http://localhost:8000.evil.example",
			"http://localhost:8000@evil.example",
			"HTTP://LOCALHOST:8000/",
		])
			assert.equal(check({ host, origin }), "PERMISSION_DENIED", origin);
	});

	test("pages of others may ask what changes nothing: they cannot read the answer", () => {
		assert.equal(
			check({ host, origin: "http://evil.example" }, {}, false),
			"passes",
		);
	});

	test("programs send no Origin and pass", () => {
		assert.equal(check({ host }), "passes");
	});

	test("an origin that the operator allows may change state", () => {
		const origins = ["https://console.example"];
		assert.equal(
			check({ host, origin: "https://console.example" }, { origins }),
			"passes",
		);
		assert.equal(
			check({ host, origin: "http://console.example" }, { origins }),
			"PERMISSION_DENIED",
		);
	});
});
