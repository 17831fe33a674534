/**
 * The picture in words: nodes, links and messages as lists with the same commands. It is hidden until it has the focus, or until a visitor
 * opens it (key N); then it lies over the lanes' words, not over their stages.
 */
import { useEffect, useState } from "preact/hooks";
import { named, t } from "../words/index.js";
import { landsWords, messageWords, splitWords } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { isCut, linkState } from "./link_card.js";
import { opensMenu } from "./menu.js";
import { cardsOf, clockWords } from "./node_actions.js";
import { NodeCommands, storeWords } from "./node_card.js";

const MESSAGES_SHOWN = 60;

/** @param {{app: import("./html.js").App}} props */
export function Twin({ app }) {
  const open = useStore(app.ui, (state) => state.twin);
  const spec = useStore(app.world, (state) => state.spec);
  if (!spec) return null;
  return html`<section class=${`twin ${open ? "open" : ""}`} aria-label=${t("twin.title")}>
    <header><h2>${t("twin.title")}</h2><p class="hint">${t("twin.what")}</p>
      ${open && html`<button class="round small" aria-label=${t("card.close")} onClick=${() => app.ui.update({ twin: false })}><${Icon} name="close" /></button>`}
    </header>
    <div class="twin-lists">
      <${Nodes} app=${app} nodes=${spec.nodes} />
      <${Links} app=${app} nodes=${spec.nodes} />
      <${Messages} app=${app} />
    </div>
  </section>`;
}

/** @param {{app: import("./html.js").App, nodes: string[]}} props */
function Nodes({ app, nodes }) {
  const [chosen, choose] = useState(/** @type {string[]} */ ([]));
  const locked = useStore(app.world, (state) => !state.audience.controls);
  const picked = nodes.filter((id) => chosen.includes(id));
  const rest = nodes.filter((id) => !chosen.includes(id));
  return html`<div><h3>${t("twin.nodes")}</h3>
    <p><button class="solid" disabled=${locked || picked.length === 0 || rest.length === 0} onClick=${() => app.send("partition", { sides: [picked, rest] })}>${splitWords(picked)}</button>
      <button disabled=${locked} onClick=${() => app.send("heal")}>${t("twin.healAll")}</button></p>
    <ul>${nodes.map((id) => html`<li key=${id} ...${opensMenu(app, { lane: 0, kind: "node", id })}>
      <label><input type="checkbox" checked=${chosen.includes(id)} onChange=${() => choose(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id])} /> ${t("twin.choose", { id })}</label>
      <${NodeLine} app=${app} id=${id} />
    </li>`)}</ul></div>`;
}

/** @param {{app: import("./html.js").App, id: string}} props */
function NodeLine({ app, id }) {
  const spec = useStore(app.world, (state) => state.spec);
  const states = useStore(app.world, (state) => state.lanes.map((lane) => lane.nodes[id]));
  const statuses = states.map((node) => node?.status ?? "up");
  return html`<div class="twin-node">
    <button class="quiet" onClick=${() => app.ui.update({ dock: { lane: 0, kind: "node", id }, twin: false })} onFocus=${() => app.ui.update({ hover: { lane: 0, kind: "node", id } })} onBlur=${() => app.ui.update({ hover: null })}>${t("twin.open", { id })}</button>
    ${states.map((node, lane) => node && html`<span key=${lane}>${t("named", { name: spec?.lanes[lane]?.title ?? "", text: nodeWords(node, cardsOf(app.world.state, lane)[0], app.world.state.renderAt) })}</span>`)}
    <${NodeCommands} app=${app} id=${id} status=${statuses.find((status) => status !== "up") ?? "up"} keys=${spec?.keys ?? ["x"]} />
  </div>`;
}

/** @param {import("../lib/wire-types.js").NodeState} node @param {import("../lib/wire-types.js").ProtocolCard|undefined} card @param {number} at */
function nodeWords(node, card, at) {
  const clock = clockWords(node, at);
  return [named("card.statuses", node.status), node.role, node.epoch === null ? "" : `${card?.epoch || t("card.epoch")} ${node.epoch}`, storeWords(node.store, card?.object), clock && `${t("card.clock")} ${clock}`].filter(Boolean).join(", ");
}

/** @param {{app: import("./html.js").App, nodes: string[]}} props */
function Links({ app, nodes }) {
  const [links, locked] = useStore(app.world, (state) => /** @type {const} */ ([state.lanes[0]?.links, !state.audience.controls]));
  if (!links) return null;
  const pairs = nodes.flatMap((a, place) => nodes.slice(place + 1).map((b) => [a, b]));
  return html`<div><h3>${t("twin.links")}</h3><p class="hint">${links.words}</p>
    <ul>${pairs.map(([a, b]) => {
      const whole = !isCut(links, a, b) && !isCut(links, b, a);
      const both = [[a, b], [b, a]];
      return html`<li key=${`${a} ${b}`} class="twin-link" ...${opensMenu(app, { lane: 0, kind: "link", id: `${a}-${b}` })}>
        <span>${t("twin.linkState", { a, b, state: linkState(links, a, b) })}</span>
        <button disabled=${locked} aria-label=${whole ? t("link.cutThis", { a, b }) : t("link.healThis", { a, b })} onClick=${() => app.send(whole ? "cut" : "heal", { links: both })}>${whole ? t("link.cut") : t("link.heal")}</button>
        ${both.map(([from, to]) => html`<button key=${from} disabled=${locked} onClick=${() => app.send(isCut(links, from, to) ? "heal" : "cut", { links: [[from, to]] })}>
          ${isCut(links, from, to) ? t("link.healWay", { from, to }) : t("link.oneWay", { from, to })}</button>`)}
        <button class="quiet" aria-label=${t("twin.tuneThis", { a, b })} onClick=${() => app.ui.update({ dock: { lane: 0, kind: "link", src: a, dst: b }, twin: false })}>${t("twin.tune")}</button>
      </li>`;
    })}</ul></div>`;
}

/** @param {{app: import("./html.js").App}} props */
function Messages({ app }) {
  const playing = useStore(app.world, (state) => state.clock.playing);
  const version = useStore(app.world, (state) => (state.clock.playing ? 0 : state.version));
  const { spec, lanes, renderAt } = app.world.state;
  const flying = playing ? [] : lanes.flatMap((lane, index) => [...lane.flying.values()].filter((message) => message.at <= renderAt).map((message) => ({ message, index })));
  const shown = flying.slice(0, MESSAGES_SHOWN);
  useEffect(() => {
    for (const index of lanes.keys()) void app.inspect(index, shown.filter((each) => each.index === index && !each.message.fields).map(({ message }) => message.id));
  });
  return html`<div data-version=${version}><h3>${t("twin.messages")}</h3>
    ${playing ? html`<p class="hint">${t("twin.messagesWhenPaused")}</p>` : flying.length === 0 && html`<p class="hint">${t("twin.noMessages")}</p>`}
    <ul>${shown.map(({ message, index }) => html`<li key=${`${index} ${message.id}`} ...${opensMenu(app, { lane: index, kind: "message", id: String(message.id) })}>
      <button class="quiet" onFocus=${() => app.ui.update({ hover: { lane: index, kind: "message", id: String(message.id) } })} onBlur=${() => app.ui.update({ hover: null })}>
        ${spec?.lanes[index].title}: ${[messageWords(message), ...fieldsOf(app, index, message).map(([name, value]) => `${name} ${value}`), landsWords(message.due)].join(", ")}
      </button></li>`)}</ul></div>`;
}

/**
 * A message's fields with their names; none until the server has sent them.
 * @param {import("./html.js").App} app
 * @param {number} lane
 * @param {import("../stores/lane.js").Message} message
 * @returns {Array<[string, string]>}
 */
export function fieldsOf(app, lane, message) {
  const { spec, hello } = app.world.state;
  const card = hello?.protocols.find((protocol) => protocol.name === spec?.lanes[lane]?.protocol);
  const names = card?.messages.find(([type]) => type === message.type)?.[1] ?? [];
  return (message.fields ?? []).map((value, place) => [names[place] ?? "", String(value)]);
}
