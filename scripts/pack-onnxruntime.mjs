// Makes `@saccade/onnxruntime-<platform>-<arch>`: the shared library out of `onnxruntime-node`, with its licence.
// An installed Saccade depends on these instead of that package, whose install script downloads CUDA files and
// fails without a network (docs/decisions/0001-onnxruntime-library.md).
//
//   node scripts/pack-onnxruntime.mjs OUT_DIR [platform-arch …]      default: this machine's
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "node_modules", "onnxruntime-node");
const { version } = JSON.parse(
	readFileSync(join(source, "package.json"), "utf8"),
);
const LIBRARY = /^(lib)?onnxruntime(\.\d+)*\.(so(\.\d+)*|dylib|dll)$/;

export function packOnnxRuntime(
	outDir,
	target = `${process.platform}-${process.arch}`,
) {
	const [platform, arch] = target.split("-");
	const from = join(source, "bin", "napi-v6", platform, arch);
	const library = existsSync(from)
		? readdirSync(from).find((file) => LIBRARY.test(file))
		: undefined;
	if (library === undefined)
		throw new Error(`onnxruntime-node ${version} has no library for ${target}`);
	const home = join(outDir, `onnxruntime-${target}`);
	mkdirSync(home, { recursive: true });
	copyFileSync(join(from, library), join(home, library));
	for (const notice of ["LICENSE", "ThirdPartyNotices.txt"])
		if (existsSync(join(source, notice)))
			copyFileSync(join(source, notice), join(home, notice));
	writeFileSync(
		join(home, "package.json"),
		`${JSON.stringify(
			{
				name: `@saccade/onnxruntime-${target}`,
				version,
				description: `ONNX Runtime ${version}, the shared library for ${target}`,
				license: "MIT",
				os: [platform],
				cpu: [arch],
			},
			null,
			"\t",
		)}\n`,
	);
	return home;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const [outDir = join(root, "dist", "npm"), ...targets] =
		process.argv.slice(2);
	for (const target of targets.length > 0 ? targets : [undefined])
		console.log(packOnnxRuntime(outDir, target));
}
