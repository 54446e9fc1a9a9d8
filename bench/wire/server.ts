// One variant in a process of its own: `server.ts VARIANT` prints its port, and ends when its standard input does,
// so that it never outlives the bench.
import { startVariant, VARIANTS } from "./variants.ts";

const variant = VARIANTS.find((name) => name === process.argv[2]);
if (variant === undefined)
	throw new Error(`server.ts takes one of ${VARIANTS.join(", ")}`);
process.stdin.on("end", () => process.exit());
process.stdin.resume();
console.log(String(await startVariant(variant)));
