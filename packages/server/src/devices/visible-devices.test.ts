import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type VisibleVariables, visibleGpus } from "./visible-devices.ts";

const FOUND = ["GPU-aa11", "GPU-aa22", "GPU-bb33", "GPU-cc44"].map(
	(uuid, index) => ({ index, uuid }),
);

function see(variables: Partial<VisibleVariables>, found = FOUND) {
	const { gpus, warnings } = visibleGpus(found, {
		nvidia: undefined,
		cuda: undefined,
		...variables,
	});
	return { indices: gpus.map(({ index }) => index), warnings };
}

describe("CUDA_VISIBLE_DEVICES", () => {
	const cases: readonly (readonly [
		cuda: string,
		indices: readonly number[],
		warning?: RegExp,
	])[] = [
		["2,0", [2, 0]],
		[" 1 , 3 ", [1, 3]],
		["GPU-bb33", [2]],
		["gpu-b,GPU-aa2", [2, 1]],
		["", []],
		["-1", []],
		["none", []],
		["1,-1,2", [1]],
		["1,1,2", [1, 2], /'1' is named twice/],
		["1,GPU-aa22", [1], /named twice/],
		["1,9,2", [1], /no GPU '9'.*not used/],
		["GPU-aa", [], /no GPU 'GPU-aa'/],
		["MIG-1f2e", [], /'MIG-1f2e' is a MIG instance/],
		["0:1", [], /MIG instance/],
		["1;2", [], /no GPU '1;2'/],
	];
	for (const [cuda, indices, warning] of cases)
		test(`'${cuda}' means ${JSON.stringify(indices)}`, () => {
			const seen = see({ cuda });
			assert.deepEqual(seen.indices, indices);
			if (warning === undefined) assert.deepEqual(seen.warnings, []);
			else assert.match(seen.warnings.join("\n"), warning);
		});
});

describe("NVIDIA_VISIBLE_DEVICES", () => {
	test("all, none and void mean that, and unset means all", () => {
		assert.deepEqual(see({}).indices, [0, 1, 2, 3]);
		assert.deepEqual(see({ nvidia: "all" }).indices, [0, 1, 2, 3]);
		for (const nvidia of ["none", "void", ""])
			assert.deepEqual(see({ nvidia }).indices, []);
	});

	test("indices and UUIDs choose, in the order of the machine", () => {
		assert.deepEqual(see({ nvidia: "3,GPU-aa22" }).indices, [1, 3]);
		const unknown = see({ nvidia: "2,7" });
		assert.deepEqual(unknown.indices, [2]);
		assert.match(unknown.warnings.join(), /no GPU '7' \(found: 0 \(GPU-aa11\)/);
		assert.match(see({ nvidia: "MIG-1" }).warnings.join(), /MIG instance/);
	});

	test("inside a container what is there is what was named, numbered anew", () => {
		const inside = FOUND.slice(0, 2);
		assert.deepEqual(see({ nvidia: "2,3" }, inside), {
			indices: [0, 1],
			warnings: [],
		});
	});

	test("CUDA's variable chooses among what it leaves", () => {
		const { indices, warnings } = see({ nvidia: "0,2", cuda: "2,1,0" });
		assert.deepEqual(indices, [2, 0]);
		assert.match(warnings.join(), /'1' is not among those of NVIDIA/);
	});
});

test("without GPUs every variable means none", () => {
	assert.deepEqual(see({ nvidia: "all", cuda: "none" }, []).indices, []);
	assert.match(see({ cuda: "0" }, []).warnings.join(), /found: none/);
});
