// Takes what it is sent and keeps nothing. Tells its port, and how many bytes it took when it is asked.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

let bytes = 0;

const server = createServer((request, response) => {
	request.on("data", (chunk: Buffer) => {
		bytes += chunk.byteLength;
	});
	request.on("end", () =>
		response.writeHead(200, { "content-type": "application/x-protobuf" }).end(),
	);
});
server.listen(0, "127.0.0.1", () =>
	process.send?.({ port: (server.address() as AddressInfo).port }),
);
process.on("message", () => process.send?.({ bytes }));
// Its parent is gone.
process.on("disconnect", () => process.exit());
