/**
 * What happened, why, the rule and its section, for the event under the playhead. While time stands, each stage has a button for it; the
 * card lies in a corner of the stage, so the words and the strip of its lane stay visible.
 */
import { useEffect, useState } from "preact/hooks";
import { named, server, t } from "../words/index.js";
import { html, useStore } from "./html.js";

const LINES = /** @type {const} */ (["what", "why", "rule", "section"]);

/** @typedef {string | {template: string, values: Record<string, any>}} Line a text without values is its own template */

/** @param {{app: import("./html.js").App, index: number}} props */
export function Why({ app, index }) {
  const open = useStore(app.ui, (state) => state.why);
  const stands = useStore(app.world, (state) => !state.clock.playing && state.spec !== null && !state.spec.veiled);
  if (!stands) return null;
  return html`<div class="why">
    ${open && html`<${Lines} app=${app} index=${index} />`}
    <button aria-expanded=${open} onClick=${() => app.ui.update({ why: !open })}>${open ? t("why.close") : t("why.open")}</button>
  </div>`;
}

/** @param {{app: import("./html.js").App, index: number}} props */
export function Lines({ app, index }) {
  const [at, run] = useStore(app.world, (state) => /** @type {const} */ ([state.clock.playing ? -1 : state.clock.at, state.run])); // while time goes on it is not asked again
  const [lines, show] = useState(/** @type {Record<string, Line>} */ ({}));
  useEffect(() => {
    let wanted = true;
    app.send("why", { lane: index }).then((answer) => wanted && answer.ok && show(/** @type {any} */ (answer)));
    return () => {
      wanted = false;
    };
  }, [at, run]);
  return html`<dl aria-live="polite">${LINES.filter((name) => lines[name]).map((name) => html`<div key=${name}><dt>${named("why", name)}</dt><dd>${inLanguage(lines[name])}</dd></div>`)}</dl>`;
}

/** @param {Line} line */
function inLanguage(line) {
  return typeof line === "string" ? server(line) : server(line.template, line.values);
}
