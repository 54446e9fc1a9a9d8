// A page that is there already: what reading so many bytes takes from whoever else wants the cores.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface PageReady {
	readonly port: number;
}

const page = Buffer.alloc(Number(process.argv[2]), "a");
const server = createServer((_request, response) => {
	response.writeHead(200, { "content-length": page.byteLength }).end(page);
});
server.listen(0, "127.0.0.1", () => {
	const ready: PageReady = { port: (server.address() as AddressInfo).port };
	process.send?.(ready);
});
// Its parent is gone.
process.on("disconnect", () => process.exit());
