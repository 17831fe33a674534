/** The card of a node: what it holds in this lane, and the commands for it in every lane. */
import { useState } from "preact/hooks";
import { colourOf, epochTint } from "../lib/colour.js";
import { LIMITS } from "../lib/wire-types.js";
import { span, valueWords } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { html, useStore } from "./html.js";
import { cardsOf, clockWords, NodeActions } from "./node_actions.js";
import { Pick } from "./pick.js";

/** @param {{app: import("./html.js").App, lane: number, id: string}} props */
export function NodeCard({ app, lane, id }) {
  const [node, meters, spec, card] = useStore(app.world, (state) => /** @type {const} */ ([
    state.lanes[lane]?.nodes[id], state.lanes[lane]?.meters, state.spec, state.hello?.protocols.find((each) => each.name === state.spec?.lanes[lane]?.protocol)]));
  const renderAt = useStore(app.world, (state) => Math.round(state.renderAt / 5e3) * 5e3);
  const outside = useStore(app.ui, (state) => state.view === "clients"); // a client cannot look into a node
  if (!node || !spec) return null;
  const asked = meters?.nodes?.[id];
  const answered = asked ? t("meters.answered", { ok: asked[0], all: asked[1] }) : null;
  /** @type {Array<[string, unknown]>} */
  const facts = outside ? [[t("card.answered"), answered]] : [
    [t("card.status"), node.sentence ? t("named", { name: named("card.statuses", node.status), text: node.sentence }) : named("card.statuses", node.status)],
    [t("card.role"), node.role],
    [card?.epoch || t("card.epoch"), node.epoch],
    [t("card.leader"), node.leader && node.leader !== id ? node.leader : null],
    [t("card.answered"), answered],
    ...node.timers.map(([name, , due]) => /** @type {[string, unknown]} */ ([t("card.timers"), t("card.timer", { name, span: span(Math.max(0, due - renderAt)) })])),
    ...Object.entries(node.facts ?? {}),
    [t("card.nextIndex"), node.next && Object.entries(node.next).map(([name, index]) => t("named", { name, text: index })).join(", ")],
    [t("card.clock"), clockWords(node, renderAt)],
    [t("card.lie"), node.lie],
  ];
  return html`<div class="card node-card" tabindex="0">
    <div class="card-state">
      <dl>${facts.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => html`<div key=${name + value}><dt>${name}</dt><dd>${String(value)}</dd></div>`)}</dl>
      ${!outside && node.log && html`<${Log} log=${node.log} start=${node.log_start ?? 1} commit=${node.commit ?? 0} colours=${app.ui.state.colours} />`}
      ${!outside && html`<dl><div><dt>${t("card.store")}</dt><dd>${storeWords(node.store, card?.object)}</dd></div></dl>`}
    </div>
    <${NodeCommands} app=${app} id=${id} lane=${lane} status=${node.status} keys=${spec.keys} />
  </div>`;
}

/** Several values are siblings; those of a set are the elements of one value. @param {Record<string, string[]>|undefined} store @param {string} [object] */
export function storeWords(store, object) {
  const held = Object.entries(store ?? {}).filter(([, values]) => values.length > 0);
  return held.length ? held.map(([key, values]) => `${key}=${valueWords(values, object)}`).join(", ") : t("card.storeEmpty");
}

/** @param {{log: Array<[number, string]>, start: number, commit: number, colours: Record<string, string>}} props */
function Log({ log, start, commit, colours }) {
  if (log.length === 0) return html`<dl><div><dt>${t("card.log")}</dt><dd>${t("card.logEmpty")}</dd></div></dl>`;
  const newest = Math.max(...log.map(([epoch]) => epoch));
  return html`<ol class="log" aria-label=${t("card.log")}>
    ${log.map(([epoch, label], place) => {
      const committed = start + place <= commit;
      return html`<li key=${start + place} class=${committed ? "committed" : "uncommitted"} title=${committed ? t("card.committed") : t("card.uncommitted")}
        style=${{ "--epoch": colourOf(colours, epochTint(epoch, newest)) }}><small>${start + place}</small>${label}</li>`;
    })}
  </ol>`;
}

/** @param {{app: import("./html.js").App, id: string, lane?: number|null, status: string, keys: string[]}} props lane: whose card it is; null: all lanes' */
export function NodeCommands({ app, id, lane = null, status, keys }) {
  const locked = useStore(app.world, (state) => !state.audience.controls);
  const watchedKey = useStore(app.ui, (state) => state.watchedKey);
  const down = status === "crashed" || status === "halted";
  const button = (/** @type {string} */ text, /** @type {string} */ type, /** @type {Record<string, unknown>} */ fields = {}) =>
    html`<button disabled=${locked} onClick=${() => app.send(type, { node: id, ...fields })}>${text}</button>`;
  const key = keys.includes(watchedKey) ? watchedKey : keys[0];
  const [value, setValue] = useState("");
  const objects = useStore(app.world, (state) => [...new Set(cardsOf(state, lane).map(({ object }) => object))].join());
  const write = named("card.writes", objects, t("card.write"));
  const more = html`<${NodeActions} app=${app} id=${id} lane=${lane} keyName=${key} />`;
  return html`<div class="card-commands">
    ${down ? button(t("card.restart"), "restart") : button(t("card.crash"), "crash")}
    ${status === "paused" ? button(t("card.resume"), "resume_node") : button(t("card.pause"), "pause_node")}
    ${button(t("card.wipe"), "wipe")}
    <button disabled=${locked} onClick=${() => cutOff(app, id)}>${t("card.isolate")}</button>
    ${button(t("card.read"), "ask", { kind: "read", key })}
    ${button(write, "ask", { kind: "write", key, ...(value.trim() ? { value: value.trim() } : {}) })}
    <span class="card-key">${t("card.key")} <${Pick} label=${t("status.watchWhat")} shown=${key} value=${key} options=${keys.map((each) => [each, each])}
      onPick=${(/** @type {string} */ next) => app.ui.update({ watchedKey: next })} />
      <label>${t("card.value")} <input type="text" size="6" maxlength=${LIMITS.value_length} autocomplete="off" placeholder=${t("card.valueNext")} disabled=${locked} value=${value} onInput=${(/** @type {any} */ event) => setValue(event.currentTarget.value)} /></label></span>
    <${Rename} key=${id} app=${app} id=${id} locked=${locked} />
    <p class="hint">${t("card.falls")}</p>
  </div>
  ${lane === null ? html`<details><summary>${t("twin.more", { id })}</summary>${more}</details>` : more}`;
}

/** What people call the node. An empty name is its own one. @param {{app: import("./html.js").App, id: string, locked: boolean}} props */
function Rename({ app, id, locked }) {
  const now = useStore(app.world, (state) => state.lanes[0]?.nodes[id]?.called ?? "");
  const [typed, type] = useState(/** @type {string|null} */ (null)); // null: as it is
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    app.send("rename", { node: id, name: (typed ?? now).trim() });
    type(null);
  };
  return html`<form class="card-key rename" onSubmit=${submit}>
    <button disabled=${locked}>${t("card.rename")}</button>
    <input type="text" size="8" maxlength=${LIMITS.called_length} autocomplete="off" aria-label=${t("card.renameWhat", { id })} placeholder=${id} disabled=${locked} value=${typed ?? now} onInput=${(/** @type {any} */ event) => type(event.currentTarget.value)} />
  </form>`;
}

/** Cuts every link of a node, both ways. @param {import("./html.js").App} app @param {string} id */
function cutOff(app, id) {
  const others = (app.world.state.spec?.nodes ?? []).filter((other) => other !== id);
  app.send("cut", { links: others.flatMap((other) => [[id, other], [other, id]]) });
}
