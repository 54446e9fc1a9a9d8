// What the process loads and logs.
import { boolean, text } from "../../common/readers.ts";
import { count, option } from "./option.ts";

export const PROCESS_OPTIONS = {
	onnxLibrary: option({
		flag: "onnxruntime-library",
		read: text,
		default: "",
		unit: "file",
		meaning:
			"ONNX Runtime library to use: builds with CUDA, TensorRT or OpenVINO.",
		reason: "The bundled one has the CPU provider.",
	}),
	logVerbose: option({
		flag: "log-verbose",
		read: count,
		default: 0,
		unit: "level",
		meaning: "0: off; 1 and more: also what each request did.",
		reason: "Triton's default.",
	}),
	logInfo: option({
		flag: "log-info",
		read: boolean,
		default: true,
		unit: "boolean",
		meaning: "Log information.",
		reason: "Triton's default.",
	}),
} as const;
