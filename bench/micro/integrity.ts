// What it costs that a version loads only when its files are what was signed: once a load, in a thread of its own.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeKey } from "../../packages/server/src/common/testing/make-key.ts";
import {
	type CheckRequest,
	checkVersion,
} from "../../packages/server/src/integrity/check-version.ts";
import { signVersion } from "../../packages/server/src/integrity/sign-version.ts";
import { type AnyCase, defineCase } from "./case.ts";

const MIB = 1024 * 1024;

interface Signed {
	readonly root: string;
	readonly request: CheckRequest;
}

/** @param copies as before a load; else the files are read alone, as by `saccade models verify` */
function checkCase(name: string, bytes: number, copies: boolean): AnyCase {
	return defineCase<Signed>({
		name: `integrity/${name}`,
		budget: null,
		setup: async () => {
			const root = mkdtempSync(join(tmpdir(), "saccade-bench-integrity-"));
			const directory = join(root, "m");
			await mkdir(join(directory, "1"), { recursive: true });
			writeFileSync(join(directory, "1", "model.onnx"), Buffer.alloc(bytes, 7));
			const { signing: key, publicPem } = makeKey();
			const names = { directory, model: "m", version: 1 };
			signVersion({ ...names, key, expiresMs: null });
			return {
				root,
				request: {
					...names,
					mode: "signature",
					keys: [publicPem],
					nowMs: 0,
					configTexts: [],
					copyTo: copies ? join(root, "copy") : null,
				},
			};
		},
		run: ({ request }) => {
			const problem = checkVersion(request);
			if (problem !== null) throw new Error(problem);
			if (request.copyTo !== null) rmSync(request.copyTo, { recursive: true });
		},
		close: ({ root }) => rmSync(root, { recursive: true }),
	});
}

export const integrityCases: readonly AnyCase[] = [
	checkCase("signature", 1, false),
	checkCase("verify/16MiB", 16 * MIB, false),
	checkCase("load/16MiB", 16 * MIB, true),
];
