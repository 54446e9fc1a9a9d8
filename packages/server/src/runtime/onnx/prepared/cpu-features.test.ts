import assert from "node:assert/strict";
import { arch } from "node:os";
import { test } from "node:test";
import { cpuFeatures, featuresOf } from "./cpu-features.ts";

test("processors agree when they agree in what kernels use, whatever else they have and in whatever order", () => {
	const one = "processor : 0\nflags\t\t: fpu sse4_2 avx2 smep fma avx512f\n";
	const other = "flags\t\t: avx512f fma avx2 sse4_2 vmx\n";
	assert.equal(featuresOf(one), `${arch()} avx2 avx512f fma sse4_2`);
	assert.equal(featuresOf(other), featuresOf(one));
	assert.notEqual(featuresOf("flags : avx2 fma sse4_2"), featuresOf(one));
});

test("Arm's names are known, too", () => {
	const text = "Features\t: fp asimd evtstrm aes asimddp i8mm bf16\n";
	assert.equal(featuresOf(text), `${arch()} asimd asimddp bf16 i8mm`);
});

test("this machine has some", () => {
	assert.ok(cpuFeatures().length > 4);
});
