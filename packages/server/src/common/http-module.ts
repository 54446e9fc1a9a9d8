// node:http, without what `import` makes of it: an ES module's import reads every export, and reading `WebSocket`
// loads undici, which a server has no use for.

/** As `import * as http from "node:http"`. */
export const http: typeof import("node:http") =
	process.getBuiltinModule("node:http");
