// What can be said about the native library without serving: for `doctor` and `sysinfo`.
import { findOrtLibrary } from "../runtime/onnx/library.ts";
import { createOnnxRuntime } from "../runtime/onnx/onnx-runtime.ts";

export interface RuntimeFacts {
	readonly name: string;
	readonly version: string;
	readonly libraryPath: string;
	/** Execution providers that the library was built with. */
	readonly providers: readonly string[];
}

/** Loads the library and lets it go again. Throws UNSUPPORTED when there is none that loads. */
export function readRuntimeFacts(): RuntimeFacts {
	const libraryPath = findOrtLibrary();
	const runtime = createOnnxRuntime({
		libraryPath,
		poolThreads: 1,
		intraOpThreadCount: 1,
	});
	try {
		return {
			name: runtime.name,
			version: runtime.version,
			libraryPath,
			providers: runtime.availableProviders(),
		};
	} finally {
		runtime.close();
	}
}
