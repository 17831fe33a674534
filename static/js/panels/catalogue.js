/** The catalogue of protocols, shelf by shelf. A visitor chooses one for the lane it was opened from, or two to four side by side. */
import { useState } from "preact/hooks";
import { LIMITS } from "../lib/wire-types.js";
import { named, t } from "../words/index.js";
import { claimWords, sideBySide } from "../words/sentences.js";
import { compose } from "./compose.js";
import { html, useStore } from "./html.js";

/** @typedef {import("../lib/wire-types.js").ProtocolCard} ProtocolCard */

/** @param {{app: import("./html.js").App}} props */
export function Catalogue({ app }) {
  const [hello, spec, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.hello, state.spec, state.audience]));
  const lane = useStore(app.ui, (state) => state.catalogueLane);
  const [ticked, tick] = useState(/** @type {string[]} */ ([]));
  if (!hello || !spec) return null;
  const most = hello.limits.lanes_max ?? LIMITS.lanes_max;
  const chosen = ticked.flatMap((name) => hello.protocols.filter((card) => card.name === name)); // from left to right, in the order of the ticks
  const now = spec.lanes[lane];
  const close = () => app.ui.update({ dialog: null, dock: null, lit: null, selection: null });
  const pick = (/** @type {string} */ name) => {
    close();
    if (name !== now?.protocol) compose(app, (lanes) => lanes.with(lane, { protocol: name, knobs: {} }));
  };
  const compare = () => {
    close();
    compose(app, (lanes) => chosen.map(({ name }) => lanes.find(({ protocol }) => protocol === name) ?? { protocol: name, knobs: {} }));
  };
  return html`<p class="hint">${t("catalogue.what", { lane: now?.title ?? "" })}</p>
    ${shelves(hello).map(([family, title, cards]) => html`<section key=${family} aria-label=${title} class="shelf"><h3>${title}</h3>
      <ul class="protocols">${cards.map((card) => html`<${Entry} key=${card.name} card=${card} current=${now?.protocol === card.name} ticked=${ticked.includes(card.name)}
        locked=${!audience.controls} full=${ticked.length >= most} pick=${() => pick(card.name)}
        tick=${() => tick(ticked.includes(card.name) ? ticked.filter((name) => name !== card.name) : [...ticked, card.name])} />`)}</ul>
    </section>`)}
    <footer class="compare">
      <p role="status">${chosen.length < 2 ? (most === 4 ? t("catalogue.tickFour") : t("catalogue.tick", { most })) : sideBySide(chosen.map(({ title }) => title), spec.nodes.length, spec.seed)}</p>
      <button class="solid" disabled=${!audience.controls || chosen.length < 2} onClick=${compare}>${t("catalogue.compare")}</button>
    </footer>`;
}

/** @param {import("../lib/wire-types.js").Hello} hello @returns {Array<[string, string, ProtocolCard[]]>} the shelves that have something on them */
function shelves({ families, protocols }) {
  return Object.entries(families)
    .map(([family, title]) => /** @type {[string, string, ProtocolCard[]]} */ ([family, title, protocols.filter((card) => card.family === family)]))
    .filter(([, , cards]) => cards.length > 0);
}

/** @param {{card: ProtocolCard, current: boolean, ticked: boolean, locked: boolean, full: boolean, pick: () => void, tick: () => void}} props */
function Entry({ card, current, ticked, locked, full, pick, tick }) {
  const means = named("catalogue.objects", card.object, "");
  /** @type {Array<[string, string]>} */
  const rows = [
    [t("catalogue.claims"), claimWords(card.claims)],
    [t("catalogue.givesUp"), card.gives_up],
    [t("catalogue.needs"), card.needs],
    [t("catalogue.asked"), means],
  ];
  return html`<li class="entry" data-protocol=${card.name} data-current=${current}>
    <h4><button class="quiet" disabled=${locked} aria-current=${current} aria-describedby=${`summary-${card.name}`} onClick=${pick}>${card.title}</button></h4>
    <label class="tick"><input type="checkbox" aria-label=${t("catalogue.compareWhat", { title: card.title })} checked=${ticked} disabled=${locked || (full && !ticked)} onChange=${tick} /> ${t("catalogue.compare")}</label>
    <p id=${`summary-${card.name}`}>${card.summary}</p>
    <dl>${rows.filter(([, text]) => text).map(([name, text]) => html`<div key=${name}><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>
    <p class="paper">${card.paper}</p>
  </li>`;
}
