/** The card of one link, or of all links: delay, jitter, loss, duplicates, presets; cut and heal, each way by itself. */
import { useState } from "preact/hooks";
import { percent, span } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { html, useStore } from "./html.js";
import { Pick } from "./pick.js";

const DELAYS = [0, 1, 2, 5, 10, 15, 20, 30, 50, 80, 100, 150, 200, 300, 500, 1000].map((ms) => ms * 1000);
const CHANCES = [0, 1000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 300_000, 500_000, 800_000];
const ADVERSARY = "decisive"; // the only one
const FIELDS = /** @type {const} */ (["delay", "jitter", "shape", "loss", "duplicate"]);

/**
 * The present settings of a link.
 * @param {import("../lib/wire-types.js").Links} links
 * @param {string} src
 * @param {string} dst
 * @returns {Record<string, any>}
 */
export function settingOf(links, src, dst) {
  const tuned = links.tuned.find(([from, to]) => from === src && to === dst);
  const values = tuned ? tuned.slice(2) : links.base;
  return Object.fromEntries(FIELDS.map((name, place) => [name, values[place]]));
}

/** "whole", "cut", or which way is cut. @param {import("../lib/wire-types.js").Links} links @param {string} a @param {string} b */
export function linkState(links, a, b) {
  const [there, back] = [isCut(links, a, b), isCut(links, b, a)];
  if (there && back) return t("link.cutBoth");
  if (there) return t("link.cutOneWay", { from: a, to: b });
  return back ? t("link.cutOneWay", { from: b, to: a }) : t("link.whole");
}

/** @param {import("../lib/wire-types.js").Links} links @param {string} src @param {string} dst */
export function isCut(links, src, dst) {
  return links.cut.some(([from, to]) => from === src && to === dst);
}

/** @param {{app: import("./html.js").App, lane: number, src: string, dst: string}} props */
export function LinkCard({ app, lane, src, dst }) {
  const [every, setEvery] = useState(src === "");
  const [links, spec, presets, audience] = useStore(app.world, (state) =>
    /** @type {const} */ ([state.lanes[lane]?.links, state.spec, state.hello?.presets ?? [], state.audience]));
  if (!links || !spec) return null;
  const locked = !audience.controls;
  const all = spec.nodes.flatMap((from) => spec.nodes.filter((to) => to !== from).map((to) => [from, to]));
  const chosen = every ? all : [[src, dst], [dst, src]];
  const setting = settingOf(links, src || spec.nodes[0], dst || spec.nodes[1]);
  const set = (/** @type {Record<string, unknown>} */ change) => app.send("set_link", { links: every ? [] : chosen, setting: change }); // without names: all links, and the badge shows it
  const dial = (/** @type {"delay"|"jitter"|"loss"|"duplicate"} */ name, /** @type {number[]} */ values, /** @type {(value: number) => string} */ inWords) => {
    const options = values.includes(setting[name]) ? values : [...values, setting[name]].sort((a, b) => a - b);
    return html`<div><dt>${named("link", name)}</dt><dd><${Pick} label=${named("link", name)} shown=${inWords(setting[name])} value=${setting[name]} disabled=${locked}
      options=${options.map((value) => [value, inWords(value)])} onPick=${(/** @type {number} */ value) => set({ [name]: value })} /></dd></div>`;
  };
  return html`<div class="card link-card">
    <div class="card-state">
      ${src && html`<div class="segments" role="group" aria-label=${t("link.scope")}>
        <button aria-pressed=${!every} onClick=${() => setEvery(false)}>${t("link.this")}</button>
        <button aria-pressed=${every} onClick=${() => setEvery(true)}>${t("link.every")}</button>
      </div>`}
      <dl class="dials">
        ${dial("delay", DELAYS, span)} ${dial("jitter", DELAYS, span)} ${dial("loss", CHANCES, percent)} ${dial("duplicate", CHANCES, percent)}
        <div><dt>${t("link.shape")}</dt><dd>${named("link.shapes", setting.shape)}</dd></div>
      </dl>
      <div class="presets"><span>${t("link.presets")}</span>
        ${presets.map(({ name, title, ...preset }) => html`<button key=${name} disabled=${locked} onClick=${() => set(preset)}>${title}</button>`)}
      </div>
    </div>
    <div class="card-commands">
      <button disabled=${locked} onClick=${() => app.send("cut", { links: chosen })}>${t("link.cut")}</button>
      <button disabled=${locked} onClick=${() => app.send("heal", every ? {} : { links: chosen })}>${t("link.heal")}</button>
      ${!every && [[src, dst], [dst, src]].map(([from, to]) => html`<button key=${from} disabled=${locked} onClick=${() => app.send(isCut(links, from, to) ? "heal" : "cut", { links: [[from, to]] })}>
        ${isCut(links, from, to) ? t("link.healWay", { from, to }) : t("link.oneWay", { from, to })}</button>`)}
      ${!src && html`<button aria-pressed=${Boolean(links.adversary)} disabled=${locked} title=${t("link.adversaryWhat")} onClick=${() => app.send("adversary", links.adversary ? {} : { name: ADVERSARY })}>
        ${links.adversary ? t("link.adversaryEnd") : t("link.adversary")}</button>
<p class="hint">${t("link.adversaryWhat")}</p>`}
      <p class="hint">${src ? `${linkState(links, src, dst)}. ` : ""}${t("card.falls")}</p>
    </div>
  </div>`;
}
