import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { IGNORED_FLAGS, REFUSED_FLAGS } from "./options/triton-flags.ts";
import { OPTIONS } from "./options.ts";
import { type Resolved, resolveOptions, type Sources } from "./resolve.ts";

function resolve(given: Partial<Sources>): Resolved {
	return resolveOptions({ args: [], env: {}, fileText: null, ...given });
}

function optionsOf(given: Partial<Sources>) {
	const resolved = resolve(given);
	if (!resolved.ok) assert.fail(resolved.problems.join("\n"));
	return resolved.options;
}

function problemsOf(given: Partial<Sources>): readonly string[] {
	const resolved = resolve(given);
	return resolved.ok ? assert.fail("no problem found") : resolved.problems;
}

describe("where options come from", () => {
	test("a header pattern that could take for ever is a problem, by name", () => {
		const args = ["--http-header-forward-pattern=(x-.*)+"];
		assert.match(
			problemsOf({ args }).join("\n"),
			/http-header-forward-pattern.*may not be repeated itself/,
		);
		const good = ["--grpc-header-forward-pattern", "x-.*"];
		assert.equal(optionsOf({ args: good }).grpcHeaderForwardPattern, "x-.*");
	});

	test("defaults hold on loopback when nothing is said", () => {
		const options = optionsOf({});
		assert.equal(options.httpAddress, "127.0.0.1");
		assert.equal(options.grpcAddress, "127.0.0.1");
		assert.equal(options.metricsAddress, "127.0.0.1");
		assert.equal(options.serverName, "saccade");
		assert.ok(Object.isFrozen(options));
	});

	test("every default passes its own check", () => {
		for (const { flag, read, default: value } of Object.values(OPTIONS))
			assert.ok(read(value).ok, `--${flag}`);
	});

	test("a flag wins over the environment, which wins over the file", () => {
		const fileText =
			"server:\n  http-port: 1\n  grpc-port: 2\n  metrics-port: 3\n";
		const env = { SACCADE_HTTP_PORT: "11", SACCADE_GRPC_PORT: "12" };
		const args = ["--http-port=111"];
		const options = optionsOf({ args, env, fileText });
		assert.equal(options.httpPort, 111);
		assert.equal(options.grpcPort, 12);
		assert.equal(options.metricsPort, 3);
	});

	test("--x v and --x=v mean the same, and a flag alone is true", () => {
		const options = optionsOf({
			args: ["--http-port", "7", "--grpc-port=8", "--strict-triton"],
		});
		assert.equal(options.httpPort, 7);
		assert.equal(options.grpcPort, 8);
		assert.equal(options.strictTriton, true);
	});

	test("a value may hold equals signs", () => {
		const options = optionsOf({ args: ["--model-repository=/a=b"] });
		assert.deepEqual(options.modelRepositories, ["/a=b"]);
	});

	test("repeated options add up in their order", () => {
		const args = ["--load-model=a", "--load-model", "b"];
		assert.deepEqual(optionsOf({ args }).loadModels, ["a", "b"]);
	});

	test("booleans are true, false, 1 and 0", () => {
		for (const [text, value] of [
			["true", true],
			["1", true],
			["false", false],
			["0", false],
		] as const)
			assert.equal(
				optionsOf({ args: [`--allow-http=${text}`] }).allowHttp,
				value,
			);
	});
});

describe("--strict-triton", () => {
	test("takes Triton's name and its addresses", () => {
		const options = optionsOf({ args: ["--strict-triton"] });
		assert.equal(options.serverName, "triton");
		assert.equal(options.httpAddress, "0.0.0.0");
	});

	test("leaves what is said alone", () => {
		const options = optionsOf({ args: ["--strict-triton", "--id=me"] });
		assert.equal(options.serverName, "me");
	});

	for (const [where, given] of [
		["a flag", { args: ["--strict-triton=0"] }],
		["the file", { fileText: "server: { strict-triton: false }" }],
	] as const)
		test(`is off when ${where} says so`, () => {
			assert.equal(optionsOf(given).httpAddress, "127.0.0.1");
		});
});

describe("Triton's other options", () => {
	test("those without effect warn by name and the server starts", () => {
		for (const flag of IGNORED_FLAGS) {
			if (flag === "backend-config") continue;
			const resolved = resolve({ args: [`--${flag}=1`] });
			assert.ok(resolved.ok, `--${flag}`);
			assert.match(resolved.warnings.join(), new RegExp(`--${flag} `));
		}
	});

	test("those that promise security stop the start, in the file as well", () => {
		for (const flag of REFUSED_FLAGS) {
			assert.match(problemsOf({ args: [`--${flag}=x`] })[0] ?? "", /enforced/);
			const fileText = `server: { ${flag}: x }`;
			assert.match(problemsOf({ fileText })[0] ?? "", /enforced/);
		}
	});

	test("--backend-config sets the default batch size, and warns of other keys", () => {
		for (const backend of ["", "onnxruntime"])
			assert.equal(
				optionsOf({
					args: [`--backend-config=${backend},default-max-batch-size=9`],
				}).defaultMaxBatchSize,
				9,
			);
		const other = resolve({ args: ["--backend-config", "python,shm=1"] });
		assert.ok(other.ok && other.warnings[0]?.includes("python,shm=1"));
	});
});

describe("mistakes", () => {
	test("are all reported at once", () => {
		const problems = problemsOf({
			args: ["--http-port=99999", "--htpp-address=x", "stray"],
			env: { SACCADE_GRPC_PORT: "many" },
			fileText: "server: { nonsense-option-name: 1 }",
		});
		assert.equal(problems.length, 5);
	});

	test("an unknown option names the nearest known one", () => {
		const [problem] = problemsOf({ args: ["--model-repositroy=x"] });
		assert.match(problem ?? "", /did you mean --model-repository\?/);
	});

	test("an empty number is no zero", () => {
		assert.equal(problemsOf({ args: ["--http-port="] }).length, 1);
		assert.equal(problemsOf({ env: { SACCADE_HTTP_PORT: "" } }).length, 1);
		assert.equal(problemsOf({ fileText: "server: { http-port: }" }).length, 1);
	});

	for (const [what, fileText] of [
		["is no YAML", "server: [1"],
		["has an unknown section", "serverr: {}"],
		["has a list where options belong", "server: [1]"],
		["is a scalar", "7"],
	] as const)
		test(`a file that ${what} is refused`, () => {
			assert.match(problemsOf({ fileText })[0] ?? "", /configuration file/);
		});

	test("aliases that would grow without bound are refused", () => {
		const layers = Array.from(
			{ length: 20 },
			(_, i) => `  k${i}: &a${i} [${`*a${i - 1},`.repeat(i === 0 ? 0 : 9)}1]`,
		);
		const fileText = `server:\n${layers.join("\n")}\n`;
		assert.match(problemsOf({ fileText }).join(), /alias/i);
	});
});
