// furnace-server, built from the crates registry with cargo into `.cache/furnace`: minutes the first time.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const home = dirname(fileURLToPath(import.meta.url));
const manifest = join(home, "Cargo.toml");
const target = join(home, "../../../.cache/furnace");

export type FurnaceBuild =
	| { readonly kind: "built"; readonly path: string }
	| { readonly kind: "missing"; readonly reason: string };

/** Throws instead of reporting it missing where SACCADE_REQUIRE_TOOLS=1. */
export function buildFurnace(): FurnaceBuild {
	const built = spawnSync(
		"cargo",
		[
			"build",
			"--release",
			"--locked",
			"--quiet",
			`--manifest-path=${manifest}`,
			`--target-dir=${target}`,
		],
		{ stdio: ["ignore", "inherit", "inherit"] },
	);
	if (built.status === 0)
		return { kind: "built", path: join(target, "release", "furnace-peer") };
	const reason =
		built.error === undefined
			? `cargo could not build furnace-server (exit ${built.status})`
			: "cargo is not installed (https://rustup.rs), so there is no furnace-server";
	if (process.env["SACCADE_REQUIRE_TOOLS"] === "1") throw new Error(reason);
	return { kind: "missing", reason };
}

/** `furnace-server 0.16.2`, as its manifest pins it. */
export function furnaceVersion(): string {
	const pinned = /furnace-server = \{ version = "=([^"]+)"/.exec(
		readFileSync(manifest, "utf8"),
	);
	return `furnace-server ${pinned?.[1] ?? "of unknown version"}`;
}
