/**
 * Further commands for a node, beside those that every node has: its protocol's own actions, a removal if the lane's object supports
 * it, and its clock. Each is a small form: a button with its argument beside it.
 */
import { useState } from "preact/hooks";
import { LIMITS } from "../lib/wire-types.js";
import { t } from "../words/index.js";
import { clockIs } from "../words/sentences.js";
import { html, useStore } from "./html.js";

const PERCENT = LIMITS.ppm / 100; // one percent in parts per million
const SKEW_MAX = LIMITS.skew / 1000; // milliseconds
const RATE_MAX = LIMITS.rate / PERCENT; // percent

/** @typedef {import("../lib/wire-types.js").ProtocolCard} ProtocolCard */

/**
 * The cards of these lanes, each protocol once.
 * @param {import("../stores/world.js").WorldState} state
 * @param {number|null} lane null: of all lanes
 * @returns {ProtocolCard[]}
 */
export function cardsOf({ hello, spec }, lane) {
  const names = (spec?.lanes ?? []).filter((_, index) => lane === null || index === lane).map(({ protocol }) => protocol);
  return (hello?.protocols ?? []).filter(({ name }) => names.includes(name));
}

/** @param {{app: import("./html.js").App, id: string, lane: number|null, keyName: string}} props */
export function NodeActions({ app, id, lane, keyName }) {
  const [hello, spec, locked] = useStore(app.world, (state) => /** @type {const} */ ([state.hello, state.spec, !state.audience.controls]));
  if (!hello || !spec) return null;
  const cards = cardsOf(app.world.state, lane);
  const actions = cards.flatMap((card) => card.actions.map((action) => ({ ...action, of: card })))
    .filter(({ name }, place, all) => all.findIndex((other) => other.name === name) === place);
  return html`<div class="card-more">
    ${cards.some(({ object }) => object === "set") && html`<${RemoveElement} app=${app} id=${id} lane=${lane} keyName=${keyName} locked=${locked} />`}
    ${cards.some(({ object }) => object === "counter") && html`<button disabled=${locked} onClick=${() => app.send("ask", { node: id, kind: "remove", key: keyName })}>${t("card.takeOne")}</button>`}
    ${actions.map((action) => html`<${OwnAction} key=${action.name} app=${app} id=${id} action=${action} nodes=${spec.nodes} locked=${locked} />`)}
    <${OwnClock} app=${app} id=${id} lane=${lane ?? 0} locked=${locked} />
  </div>`;
}

/** @param {{app: import("./html.js").App, id: string, action: import("../lib/wire-types.js").Action, nodes: string[], locked: boolean}} props */
function OwnAction({ app, id, action, nodes, locked }) {
  const [argument, setArgument] = useState(action.argument === "node" ? id : "");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    app.send("act", { node: id, action: action.name, ...(action.argument ? { argument: argument.trim() } : {}) });
  };
  const change = (/** @type {any} */ event) => setArgument(event.currentTarget.value);
  const label = action.argument === "node" ? t("card.argument.node", { action: action.title }) : t("card.argument.text", { action: action.title });
  return html`<form class="own" onSubmit=${submit}>
    <button disabled=${locked || (action.argument === "text" && argument.trim() === "")}>${action.title}</button>
    ${action.argument === "node" && html`<select aria-label=${label} disabled=${locked} value=${argument} onChange=${change}>${nodes.map((node) => html`<option key=${node} value=${node}>${node}</option>`)}</select>`}
    ${action.argument === "text" && html`<input type="text" aria-label=${label} maxlength=${LIMITS.argument_length} autocomplete="off" disabled=${locked} value=${argument} onInput=${change} />`}
    <small>${action.what}</small>
  </form>`;
}

/** Removes an element that the node holds. @param {{app: import("./html.js").App, id: string, lane: number|null, keyName: string, locked: boolean}} props */
function RemoveElement({ app, id, lane, keyName, locked }) {
  const held = useStore(app.world, (state) => [...new Set(state.lanes.flatMap((each, index) => {
    const here = (lane === null || index === lane) && cardsOf(state, index)[0]?.object === "set";
    return here ? (each.nodes[id]?.store?.[keyName] ?? []) : [];
  }))].sort().join("\n"));
  const elements = held ? held.split("\n") : [];
  const [chosen, choose] = useState("");
  const element = elements.includes(chosen) ? chosen : (elements[0] ?? "");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (element) app.send("ask", { node: id, kind: "remove", key: keyName, value: element });
  };
  return html`<form class="own" onSubmit=${submit}>
    <button disabled=${locked || !element}>${t("card.remove")}</button>
    <select aria-label=${t("card.removeWhat", { key: keyName })} disabled=${locked || !element} value=${element} onChange=${(/** @type {any} */ event) => choose(event.currentTarget.value)}>
      ${elements.length === 0 ? html`<option value="">${t("card.nothingToRemove")}</option>` : elements.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
    </select>
  </form>`;
}

/** @param {{app: import("./html.js").App, id: string, lane: number, locked: boolean}} props */
function OwnClock({ app, id, lane, locked }) {
  const clock = useStore(app.world, (state) => state.lanes[lane]?.nodes[id]?.clock);
  const [ahead, setAhead] = useState(0);
  const [fast, setFast] = useState((clock?.[1] ?? 0) / PERCENT);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    app.send("set_clock", { node: id, skew: Math.round(ahead * 1000), rate: Math.round(fast * PERCENT) });
  };
  return html`<form class="own clock" onSubmit=${submit}>
    <button disabled=${locked}>${t("card.setClock")}</button>
    <label>${t("card.ahead")} <input type="number" min=${-SKEW_MAX} max=${SKEW_MAX} step="any" disabled=${locked} value=${ahead} onInput=${(/** @type {any} */ event) => setAhead(event.currentTarget.valueAsNumber || 0)} /> ms</label>
    <label>${t("card.fast")} <input type="number" min=${-RATE_MAX} max=${RATE_MAX} step="any" disabled=${locked} value=${fast} onInput=${(/** @type {any} */ event) => setFast(event.currentTarget.valueAsNumber || 0)} /> %</label>
    <small>${t("card.clockWhat")}</small>
  </form>`;
}

/**
 * A clock that is wrong, in words; empty while it is right.
 * @param {import("../lib/wire-types.js").NodeState} node
 * @param {number} at
 */
export function clockWords({ clock }, at) {
  if (!clock) return "";
  const [skew, rate, since] = clock;
  return clockIs(1000 * Math.round((skew + (rate * (at - since)) / 1e6) / 1000), rate / PERCENT);
}
