// The HTTP/2 and HPACK conformance suite against the gRPC server, over each way it reads a socket. Needs Go, which
// builds h2spec into .cache/bin.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
	createGrpcServer,
	type GrpcServerOptions,
	unaryMethod,
} from "@saccade/grpc";
import { makeCertificate } from "../../packages/grpc/test/support/certificate.ts";

const TOTAL_CASES = 145;
// The newest that the module proxy serves.
const H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible";
const bin = fileURLToPath(new URL("../../.cache/bin", import.meta.url));

/** Path of h2spec, or why there is none. */
function findH2spec(): { readonly path: string } | { readonly skip: string } {
	const path = join(bin, "h2spec");
	if (existsSync(path)) return { path };
	mkdirSync(bin, { recursive: true });
	const built = spawnSync("go", ["install", H2SPEC], {
		env: { ...process.env, GOBIN: bin },
		encoding: "utf8",
	});
	if (built.status === 0) return { path };
	const why = built.error?.message ?? built.stderr;
	assert.ok(process.env["SACCADE_REQUIRE_TOOLS"] !== "1", why);
	return { skip: `h2spec could not be built with Go: ${why.slice(0, 200)}` };
}

const h2spec = findH2spec();
const certificate = makeCertificate();

test(
	"h2spec passes, every case, with one reused read buffer",
	{
		skip: "skip" in h2spec ? h2spec.skip : false,
		timeout: 300_000,
	},
	() => assertPasses({ reuseReadBuffer: true }, []),
);

test(
	"h2spec passes, every case, by data events",
	{
		skip: "skip" in h2spec ? h2spec.skip : false,
		timeout: 300_000,
	},
	() => assertPasses({ reuseReadBuffer: false }, []),
);

test("h2spec passes, every case, over TLS", {
	skip:
		"skip" in h2spec
			? h2spec.skip
			: "skip" in certificate
				? certificate.skip
				: false,
	timeout: 300_000,
}, () => {
	assert.ok("cert" in certificate);
	return assertPasses({ tls: certificate }, ["--tls", "--insecure"]);
});

async function assertPasses(
	options: Partial<GrpcServerOptions>,
	flags: readonly string[],
): Promise<void> {
	assert.ok("path" in h2spec);
	const method = unaryMethod({
		decode: (bytes: Uint8Array) => bytes,
		encode: (bytes: Uint8Array) => bytes,
		handle: (bytes) => bytes,
	});
	const server = createGrpcServer({
		...options,
		methods: new Map([["/test.Echo/Say", method]]),
		// The size that its oversized frames assume: the protocol's smallest.
		limits: { maxFrameBytes: 16_384 },
	});
	const { port } = (await server.listen({
		host: "127.0.0.1",
		port: 0,
	})) as AddressInfo;
	const report = join(bin, `h2spec-${process.pid}.xml`);
	const args = ["-h", "127.0.0.1", "-p", String(port), "-o", "5", "-j"];
	try {
		const { stdout } = await promisify(execFile)(
			h2spec.path,
			[...args, report, ...flags],
			{ maxBuffer: 1 << 24 },
		).catch((error: { stdout: string }) => error);
		const summary = /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/;
		const [, total, passed, skipped] = summary.exec(stdout) ?? [];
		assert.equal(Number(total), TOTAL_CASES, stdout.slice(-2000));
		assert.equal(
			Number(passed) + Number(skipped),
			TOTAL_CASES,
			failuresIn(readFileSync(report, "utf8")),
		);
		assert.equal(skipped, "0");
	} finally {
		rmSync(report, { force: true });
		await server.close(0);
	}
}

function failuresIn(xml: string): string {
	return xml
		.split("<testcase")
		.filter((part) => part.includes("<failure") || part.includes("<error"))
		.map((part) => part.slice(0, 600))
		.join("\n");
}
