// Where the pages start.
import "@preact/signals";
import { render } from "preact";
import { App } from "./app.tsx";
import { followAddress } from "./state/route.ts";
import "./style/main.css";

followAddress();
render(<App />, document.getElementById("app")!);
