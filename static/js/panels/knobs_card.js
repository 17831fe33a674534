/** All knobs of a lane's protocol, each with a sentence about its effect. */
import { t } from "../words/index.js";
import { boundsWords } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { Pick } from "./pick.js";

/** The range of a knob and its default. @param {import("../lib/wire-types.js").Knob} knob */
function boundsOf({ choices, low, high, unit, default: first }) {
  if (choices.length > 0) return t("knobs.first", { value: choices.find(([value]) => value === first)?.[1] ?? String(first) });
  return boundsWords(low, high, unit, String(first));
}

/** @param {{app: import("./html.js").App, lane: number}} props */
export function KnobsCard({ app, lane }) {
  const [spec, hello, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.spec, state.hello, state.audience]));
  const shown = spec?.lanes[lane];
  const card = hello?.protocols.find((protocol) => protocol.name === shown?.protocol);
  if (!shown || !card) return null;
  const turn = (/** @type {string} */ knob, /** @type {unknown} */ value) => app.send("turn", { lane, knob, value });
  return html`<div class="card knobs-card" tabindex="0"><p class="hint">${t("knobs.turn")}</p><dl class="knob-list">
    ${card.knobs.map((knob) => html`<div key=${knob.name}>
      <dt>${knob.title}</dt>
      <dd>${
        knob.choices.length
          ? html`<${Pick} label=${knob.title} shown=${knob.choices.find(([value]) => value === shown.knobs[knob.name])?.[1] ?? ""} value=${shown.knobs[knob.name]} options=${knob.choices}
              disabled=${!audience.controls} onPick=${(/** @type {unknown} */ value) => turn(knob.name, value)} />`
          : html`<input type="number" aria-label=${knob.title} min=${knob.low} max=${knob.high} value=${shown.knobs[knob.name]} disabled=${!audience.controls}
              onChange=${(/** @type {any} */ event) => turn(knob.name, Number(event.currentTarget.value))} /> ${knob.unit}`
      }</dd>
      <dd class="hint">${knob.what} <small>${boundsOf(knob)}</small></dd>
    </div>`)}
  </dl></div>`;
}
