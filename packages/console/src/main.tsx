import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/uplot.css";
import "./style/views.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { startHistory } from "./data/history.ts";

startHistory();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
