// Finds the ONNX Runtime shared library: an explicit path, our package for this platform, or the copy inside
// `onnxruntime-node` (development). That package's own binding and install script are never used.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { SaccadeError } from "../../errors/saccade-error.ts";

const FILE_NAME: Readonly<Record<string, string>> = {
	linux: "libonnxruntime.so.1",
	darwin: "libonnxruntime.dylib",
	win32: "onnxruntime.dll",
};

const require = createRequire(import.meta.url);

/**
 * Path of the library. Throws UNSUPPORTED, naming every place that was tried.
 * @param explicit option `runtime.onnx.library`: builds with CUDA, TensorRT or OpenVINO come in here
 */
export function findOrtLibrary(explicit?: string): string {
	if (explicit !== undefined) {
		if (existsSync(explicit)) return explicit;
		throw new SaccadeError(
			"UNSUPPORTED",
			`The ONNX Runtime library ${explicit} does not exist; correct the option or leave it out to use the bundled one.`,
		);
	}
	const target = `${process.platform}-${process.arch}`;
	const tried: string[] = [];
	for (const candidate of candidates(target)) {
		tried.push(candidate.name);
		if (candidate.path !== null && existsSync(candidate.path))
			return candidate.path;
	}
	throw new SaccadeError(
		"UNSUPPORTED",
		`No ONNX Runtime library for ${target}; tried ${tried.join(", ")}. Install one of these packages, or name a library with --onnxruntime-library.`,
	);
}

function candidates(
	target: string,
): { readonly name: string; readonly path: string | null }[] {
	const file = FILE_NAME[process.platform] ?? "";
	const ours = `@saccade/onnxruntime-${target}`;
	return [
		{ name: ours, path: inPackage(ours, file) },
		{
			name: "onnxruntime-node",
			path: inPackage(
				"onnxruntime-node",
				join("bin", "napi-v6", process.platform, process.arch, file),
			),
		},
	];
}

function inPackage(name: string, file: string): string | null {
	try {
		return join(dirname(require.resolve(`${name}/package.json`)), file);
	} catch {
		return null;
	}
}
