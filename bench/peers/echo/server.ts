// Bare node:net: ANSWER_BYTES back for every REQUEST_BYTES that came, on each connection; nothing is parsed.
//   server.ts REQUEST_BYTES ANSWER_BYTES      prints its port; ends when its standard input does
import { type AddressInfo, createServer } from "node:net";

const [requestBytes = 1, answerBytes = 1] = process.argv.slice(2).map(Number);
const answer = new Uint8Array(answerBytes);

const server = createServer({ noDelay: true }, (socket) => {
	let missingBytes = requestBytes;
	socket.on("data", (chunk) => {
		missingBytes -= chunk.length;
		while (missingBytes <= 0) {
			socket.write(answer);
			missingBytes += requestBytes;
		}
	});
	// A client that is done leaves without a word.
	socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => {
	console.log((server.address() as AddressInfo).port);
});
process.stdin.on("end", () => process.exit(0)).resume();
