/**
 * One line for one sentence at a time. A lost connection comes before a refusal, a refusal before a lasso's offer, that before the
 * story. Beside it, for screen readers, the cuts and the sentences.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { set } from "../words/figures.js";
import { t } from "../words/index.js";
import { invitation, keyName, operationWords, outcomeWords } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { cardsOf } from "./node_actions.js";
import { openVote } from "./vote.js";
import { WhyButton } from "./why.js";

const LONG = 110; // letters: a longer sentence has a smaller font
const LONGEST = 160; // letters: a longer sentence has a smaller font on a projector, too
const AT_ONCE = 1000; // milliseconds: the result of an action appears a little after it
const LASTS = 6000; // milliseconds: a sentence stays this long

/** @param {{app: import("./html.js").App}} props */
export function Caption({ app }) {
  const { world, ui } = app;
  const follow = useStore(ui, (state) => state.follow);
  const [said, connected, selection, invited] = useStore(ui, (state) => /** @type {const} */ ([state.said, state.connected, state.selection, state.invited]));
  const [caption, bye, spec, stale, audience] = useStore(world, (state) => /** @type {const} */ ([state.caption, state.bye, state.spec, state.stale, state.audience]));
  const [faded, setFaded] = useState(0);
  const since = useRef(0);
  useEffect(() => {
    since.current = performance.now();
    if (said.count === faded) return undefined;
    const timer = setTimeout(() => setFaded(said.count), LASTS);
    return () => clearTimeout(timer);
  }, [said.count]);
  useEffect(() => {
    if (caption && performance.now() - since.current > AT_ONCE) setFaded(said.count); // what happened just now is newer than the sentence
  }, [caption]);
  const speaking = said.count !== faded && said.sentence !== "";
  const sentence = bye || (!connected && t("caption.lost")) || (speaking && said.sentence) || (stale && t("caption.stale")) || story(caption, spec, invited);
  const lasso = selection?.kind === "lasso" ? selection.ids : null;
  return html`<div class="caption">
    ${lasso && connected && !bye ? html`<${Offer} app=${app} nodes=${lasso} />` : html`<p class=${`${bye || !connected || (speaking && !said.calm) ? "alarm" : ""} ${sentence.length > LONGEST ? "long longest" : sentence.length > LONG ? "long" : ""}`}>${sentence}</p>`}
    ${spec && !bye && !follow && html`<div class="audience">
      ${spec.ask && html`<button class="quiet dim" aria-haspopup="dialog" title=${t("audience.askWhat")} onClick=${() => openVote(app)}>${t("audience.ask")}</button>`}
      <div class="afterwards">${spec.ask && (spec.veiled ? html`<button class="quiet" disabled=${!audience.controls} title=${t("audience.revealWhat")} onClick=${() => app.send("reveal")}>${t("audience.reveal")}</button>`
        : html`<button class="quiet dim" aria-haspopup="dialog" title=${t("audience.lessonWhat")} onClick=${() => (audience.controls ? app.act("lesson") : ui.update({ dialog: "lesson" }))}>${t("audience.lesson")}</button>`)}
        <${WhyButton} app=${app} /></div>
    </div>`}
    <div class="unseen" role="status" aria-live="polite">${bye || (!connected ? t("caption.lost") : speaking ? said.sentence : "")}</div>
    <${WhatIsCut} app=${app} />
  </div>`;
}

/** @param {string} caption @param {import("../lib/wire-types.js").Spec|null} spec @param {boolean} invited */
function story(caption, spec, invited) {
  if (!spec) return t("caption.opening");
  if (caption) return caption;
  return invited ? invitation(spec.lanes.length) : [spec.story, spec.ask].filter(Boolean).join(" ");
}

/** @param {{app: import("./html.js").App}} props */
function WhatIsCut({ app }) {
  const cut = useStore(app.world, (state) => state.lanes[0]?.links?.words ?? "");
  const outcome = useStore(app.world, (state) =>
    state.lanes.map((lane, index) => t("named", { name: state.spec?.lanes[index]?.title ?? "", text: lane.meters?.sides.map(outcomeWords).join("; ") ?? "" })).join(". "));
  const byHand = useStore(app.world, (state) => state.lanes.map((_, index) => newestByHand(state, index)).join(" ").trim());
  return html`<div class="unseen" role="status" aria-live="polite" data-cut>${cut}</div><div class="unseen" role="status" aria-live="polite" data-outcome>${outcome}</div>
    <div class="unseen" role="status" aria-live="polite" data-by-hand>${byHand}</div>`;
}

/** The result, in a lane, of the visitor's newest operation. @param {import("../stores/world.js").WorldState} state @param {number} index */
function newestByHand(state, index) {
  let newest = null;
  for (const operation of state.lanes[index].operations.values()) if (operation.client === "you") newest = operation;
  return newest ? t("sentence", { text: t("named", { name: state.spec?.lanes[index]?.title ?? "", text: operationWords(newest, cardsOf(state, index)[0]?.object) }) }) : "";
}

/** @param {{app: import("./html.js").App, nodes: string[]}} props */
function Offer({ app, nodes }) {
  return html`<p class="offer">
    <button class="solid" onClick=${() => app.act("confirm")}>${t("caption.isolate", { nodes: set(nodes) })}<kbd aria-hidden="true">${keyName("confirm")}</kbd></button>
    <button class="quiet" onClick=${() => app.ui.update({ selection: null })}>${t("caption.cancel")}<kbd aria-hidden="true">${keyName("cancel")}</kbd></button>
  </p>`;
}
