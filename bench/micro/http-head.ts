// The head of an HTTP infer request through our own parser: scanned and parsed, as it is when it is new to its
// connection.
import { parseHead } from "../../packages/server/src/transport/http/fast/head.ts";
import { HeadScanner } from "../../packages/server/src/transport/http/fast/head-scanner.ts";
import { type AnyCase, cycle, defineCase } from "./case.ts";
import { IN_FLIGHT } from "./support/messages.ts";

export const httpHeadCases: readonly AnyCase[] = [
	defineCase({
		name: "http/head/parse",
		budget: null,
		setup: () => {
			const scanner = new HeadScanner();
			return { scanner, next: cycle(heads()) };
		},
		run: ({ scanner, next }) => {
			const bytes = next();
			scanner.reset();
			const end = scanner.scan(bytes, 0, bytes.byteLength);
			return parseHead(bytes, 0, end);
		},
	}),
];

/** As clients of the binary extension send them. */
function heads(): Buffer[] {
	return Array.from({ length: IN_FLIGHT }, (_, index) =>
		Buffer.from(
			`POST /v2/models/mlp/infer HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept-Encoding: identity\r\nContent-Type: application/octet-stream\r\nInference-Header-Content-Length: ${150 + index}\r\nContent-Length: ${406 + index}\r\nUser-Agent: bench\r\n\r\n`,
		),
	);
}
