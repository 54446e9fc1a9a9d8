// The house rules about imports: a folder of packages/server/src imports only from lower ranks, packages
// depend downwards, and what only one room may do is done only there. Ranks: ARCHITECTURE.md.

/** Bottom to top. Same-rank siblings do not import each other. */
const RANKS = [
	["common", "errors"],
	["tensor", "telemetry", "load-generator"],
	["runtime/[^/]+\\.ts$", "devices"],
	[
		"repository",
		"scheduling",
		"recording",
		"audit",
		"integrity",
		"runtime/(?:onnx|fake|simulated|process|script)/",
	],
	["models"],
	["pipelines"],
	["streams"],
	["service"],
	["endpoint"],
	["wire"],
	["transport/[^/]+/", "gateway"],
	["config"],
	["app"],
	["demo"],
	["cli"],
];

const TEST = "\\.test\\.ts$|/testing/";
const src = (pattern) => `^packages/server/src/${pattern}`;

// The topmost room may import everything.
const ranked = RANKS.slice(0, -1).flatMap((siblings, rank) =>
	siblings.map((folder) => {
		const above = RANKS.slice(rank + 1).flat();
		const beside = siblings.filter((other) => other !== folder);
		return {
			name: `rank-${rank}-${folder.replace(/\W+/g, "-")}`,
			comment: "A folder imports only from lower ranks (ARCHITECTURE.md).",
			severity: "error",
			from: { path: src(folder), pathNot: TEST },
			to: { path: [...above, ...beside].map(src) },
		};
	}),
);

const only = (name, comment, from, to) => ({
	name,
	comment,
	severity: "error",
	from: { pathNot: [...from, TEST], path: "^packages/" },
	to: { path: to },
});

export default {
	forbidden: [
		...ranked,
		{
			name: "no-cycles",
			comment:
				"Files that import each other in a circle cannot be read one at a time.",
			severity: "error",
			from: { path: "^packages/" },
			to: { circular: true },
		},
		{
			name: "no-sibling-transports",
			comment: "Transports translate; what they share lives in endpoint/.",
			severity: "error",
			from: { path: src("transport/([^/]+)/"), pathNot: TEST },
			to: { path: src("transport/([^/]+)/"), pathNot: src("transport/$1/") },
		},
		{
			name: "protocol-imports-nothing-of-ours",
			severity: "error",
			from: { path: "^packages/(protocol|grpc|foxglove|perception)/src" },
			to: { path: "^packages/", pathNot: "^packages/$1/" },
		},
		{
			name: "drive-knows-perception-alone",
			comment:
				"The street is pure and knows no server: whoever connects both does it from outside.",
			severity: "error",
			from: { path: "^packages/drive/src", pathNot: TEST },
			to: { path: "^packages/", pathNot: "^packages/(drive|perception)/" },
		},
		{
			name: "client-knows-protocol-alone",
			comment:
				"A client is what everybody else could write, too; only its gRPC part needs Node.",
			severity: "error",
			from: { path: "^packages/client/src", pathNot: TEST },
			to: { path: "^packages/", pathNot: "^packages/(client|protocol)/" },
		},
		{
			name: "client-runs-in-browsers",
			severity: "error",
			from: { path: "^packages/client/src/(?!grpc/)", pathNot: TEST },
			to: { path: "^packages/client/src/grpc/|grpc-js|^node:" },
		},
		{
			name: "console-knows-client-and-protocol-alone",
			comment: "A console is what everybody else could write, too.",
			severity: "error",
			from: { path: "^packages/console/src", pathNot: TEST },
			to: {
				path: "^packages/",
				pathNot: "^packages/(console|client|protocol)/",
			},
		},
		only(
			"concrete-runtimes-only-in-app",
			"Only the composition root and the backends themselves know a concrete backend.",
			[src("(app|runtime)/")],
			src("runtime/(onnx|fake|simulated)/"),
		),
		only(
			"ffi-only-in-native-rooms",
			"Native calls are made by runtime/onnx and devices alone.",
			[src("(runtime/onnx|devices)/")],
			"node_modules/koffi/",
		),
		{
			name: "lower-rooms-know-no-wire",
			comment:
				"service, models, scheduling, streams and repository import no HTTP.",
			severity: "error",
			from: {
				path: src("(service|models|scheduling|streams|repository)/"),
				pathNot: TEST,
			},
			to: { path: "^(node:)?(http|http2|net|tls)$" },
		},
	],
	options: {
		doNotFollow: { path: "node_modules" },
		// What is drawn (.tsx) is beyond this parser; that it imports nothing else of ours, knip knows by the package's list.
		exclude: { path: "(^|/)dist/|/gen/|\\.tsx$" },
		parser: "swc",
		enhancedResolveOptions: {
			conditionNames: ["source", "import", "types", "node", "default"],
			exportsFields: ["exports"],
			extensions: [".ts", ".js", ".mjs"],
		},
	},
};
