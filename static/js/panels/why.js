/**
 * What happened, why, the rule and its section, for the event under the playhead. While time stands, a button beside the caption opens a
 * card in a corner of each stage; the words and the strip of its lane stay visible.
 */
import { useEffect, useState } from "preact/hooks";
import { named, server, t } from "../words/index.js";
import { html, useStore } from "./html.js";

const LINES = /** @type {const} */ (["what", "why", "rule", "section"]);

/** @typedef {string | {template: string, values: Record<string, any>}} Line a text without values is its own template */

/** @param {{app: import("./html.js").App, index: number}} props */
export function Why({ app, index }) {
  const open = useStore(app.ui, (state) => state.why);
  const stands = useStore(app.world, standing);
  return open && stands ? html`<div class="why"><${Lines} app=${app} index=${index} /></div>` : null;
}

/** Time stands, and nothing is hidden. @param {import("../stores/world.js").WorldState} state */
const standing = ({ clock, spec }) => !clock.playing && spec !== null && !spec.veiled;

/** @param {{app: import("./html.js").App}} props */
export function WhyButton({ app }) {
  const open = useStore(app.ui, (state) => state.why);
  const stands = useStore(app.world, standing);
  if (!stands) return null;
  return html`<button class="quiet dim" aria-expanded=${open} onClick=${() => app.ui.update({ why: !open })}>${t("why.open")}</button>`;
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
