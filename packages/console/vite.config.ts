// One page, its script and style, and what is loaded when the 3D view is opened. Nothing comes from elsewhere.
import { defineConfig } from "vite";

export default defineConfig({
	root: import.meta.dirname,
	base: "/",
	publicDir: "public",
	resolve: { conditions: ["source"] },
	build: {
		outDir: "dist",
		emptyOutDir: true,
		target: "es2022",
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		reportCompressedSize: false,
		chunkSizeWarningLimit: 800,
	},
	// While it is worked on: `vite` here, a server at its default port.
	server: {
		proxy: {
			"/saccade": { target: "http://127.0.0.1:8000", ws: true },
			"/v2": { target: "http://127.0.0.1:8000" },
		},
	},
});
