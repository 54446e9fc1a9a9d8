// The console: one page that needs nothing else. Whatever a client could name is put in as text, never as markup, and the
// policy lets no script run but the page's own.
import { createHash } from "node:crypto";
import type { AnswerHeaders } from "../exchange.ts";
import { CONSOLE_SCRIPT } from "./script.ts";
import { CONSOLE_STYLE } from "./style.ts";

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Saccade</title>
<link rel="icon" href="data:,">
<style>${CONSOLE_STYLE}</style>
</head>
<body>
<header><h1>Saccade</h1><p id="state" role="status">connecting…</p></header>
<main>
<section id="decision" aria-live="off" data-action="none">
<p class="label">Last decision</p>
<p id="action">none yet</p>
<p id="reasons"></p>
<p id="targets"></p>
</section>
<section class="tiles">
<div><p class="label">Frames a second</p><p class="number" id="rate">–</p></div>
<div><p class="label">Ended with a result</p><p class="number" id="share">–</p></div>
<div><p class="label">Sensor to decision, p50</p><p class="number" id="p50">–</p></div>
<div><p class="label">Sensor to decision, p99</p><p class="number" id="p99">–</p></div>
</section>
<section>
<h2>Pipelines</h2>
<div class="wide"><table><thead><tr><th>Pipeline</th><th>Frames/s</th><th>Result</th><th>Superseded</th><th>Expired</th><th>Shed</th><th>Invalid</th><th>Other</th><th>p50 ms</th><th>p99 ms</th></tr></thead><tbody id="pipelines"></tbody></table></div>
<p id="empty">No stream has been opened yet. Start one with <code>saccade drive</code>.</p>
</section>
<section>
<h2>Open streams <span id="count"></span></h2>
<div class="wide"><table><thead><tr><th>Stream</th><th>Name</th><th>Pipeline</th><th>Running</th><th>Waiting</th></tr></thead><tbody id="streams"></tbody></table></div>
</section>
</main>
<noscript>The numbers come by script, which is off here; <a href="/saccade/v1/live">/saccade/v1/live</a> has them as JSON.</noscript>
<script>${CONSOLE_SCRIPT}</script>
</body>
</html>
`;

export const CONSOLE_PAGE: Uint8Array = Buffer.from(HTML);

const sourceOf = (text: string) =>
	`'sha256-${createHash("sha256").update(text).digest("base64")}'`;

export const CONSOLE_HEADERS: AnswerHeaders = {
	"content-type": "text/html; charset=utf-8",
	"content-security-policy": `default-src 'none'; img-src data:; connect-src 'self'; style-src ${sourceOf(CONSOLE_STYLE)}; script-src ${sourceOf(CONSOLE_SCRIPT)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
	"x-content-type-options": "nosniff",
	"referrer-policy": "no-referrer",
	"cache-control": "no-cache",
};
