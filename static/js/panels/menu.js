/**
 * The menu of what lies under the pointer: a node, a link, a message, or the ground. It opens by the right button, by a long press, and by
 * the key for it (or Shift F10) in the list for keys. While the menu of a message is open, time stands, since the message would land.
 */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { LIMITS } from "../lib/wire-types.js";
import { named, t } from "../words/index.js";
import { rootOf } from "../stores/lane.js";
import { messageWords } from "../words/sentences.js";
import { compose } from "./compose.js";
import { html, useStore } from "./html.js";
import { isCut } from "./link_card.js";
import { cardsOf } from "./node_actions.js";

/** @typedef {import("./html.js").App} App */
/** @typedef {import("../stores/ui.js").MenuPlace} MenuPlace */
/** One line of a menu. `free`: watchers may choose it, too. @typedef {{text: string, act: () => unknown, free?: boolean}} Item */

const SLOW = { delay: 200_000, jitter: 0 };
const EDGE = 10; // CSS pixels between the menu and the edge of the page

/** @param {{app: App}} props */
export function Menu({ app }) {
  const menu = useStore(app.ui, (state) => state.menu);
  if (!menu || !app.world.state.spec || !app.world.state.lanes[menu.lane]) return null;
  return html`<${OpenMenu} key=${`${menu.kind} ${menu.lane} ${menu.id} ${menu.x} ${menu.y}`} app=${app} menu=${menu} />`;
}

/** @param {{app: App, menu: MenuPlace}} props */
function OpenMenu({ app, menu }) {
  const element = useRef(/** @type {HTMLElement|null} */ (null));
  const locked = useStore(app.world, (state) => !state.audience.controls);
  const opened = useRef(/** @type {{title: string, items: Item[]}|null} */ (null));
  opened.current ??= contents(app, menu); // what lies there may move on; the menu stays as it was opened
  const { title, items } = opened.current;
  const close = () => app.ui.update({ menu: null });
  useLayoutEffect(() => keepOnPage(element.current, menu), []);
  useEffect(() => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    const outside = (/** @type {Event} */ event) => element.current?.contains(/** @type {Node} */ (event.target)) || close();
    addEventListener("pointerdown", outside, true);
    const stop = menu.kind === "message" && app.world.state.clock.playing && app.world.state.audience.controls;
    if (stop) app.send("pause");
    buttons(element.current)[0]?.focus();
    return () => {
      removeEventListener("pointerdown", outside, true);
      if (stop) app.send("play");
      if (before?.isConnected) before.focus();
    };
  }, []);
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const moved = { ArrowDown: 1, ArrowUp: -1, Home: "first", End: "last" }[event.key];
    if (event.key === "Tab" || event.key === "Escape") close();
    else if (moved !== undefined) step(element.current, moved);
    else if (event.key !== "Enter" && event.key !== " ") return;
    event.stopPropagation();
    if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
  };
  return html`<div class="menu" ref=${element} role="menu" aria-label=${title} onKeyDown=${onKey} onContextMenu=${(/** @type {Event} */ event) => event.preventDefault()}>
    <h3>${title}</h3>
    ${items.map(({ text, act, free }) => html`<button key=${text} role="menuitem" tabindex="-1" disabled=${locked && !free} onClick=${() => { close(); act(); }}>${text}</button>`)}
  </div>`;
}

/** @param {HTMLElement|null} element @returns {HTMLButtonElement[]} */
function buttons(element) {
  return [...(element?.querySelectorAll("button:not(:disabled)") ?? [])].filter((each) => each instanceof HTMLButtonElement);
}

/** @param {HTMLElement|null} element @param {number|string} where */
function step(element, where) {
  const all = buttons(element);
  const now = all.findIndex((each) => each === document.activeElement);
  const next = where === "first" ? 0 : where === "last" ? all.length - 1 : (now + Number(where) + all.length) % all.length;
  all[next]?.focus();
}

/** Moves the menu so that none of it is beyond the edge. @param {HTMLElement|null} element @param {MenuPlace} menu */
function keepOnPage(element, { x, y }) {
  if (!element) return;
  const { width, height } = element.getBoundingClientRect();
  element.style.left = `${Math.max(EDGE, Math.min(x, innerWidth - width - EDGE))}px`;
  element.style.top = `${Math.max(EDGE, Math.min(y, innerHeight - height - EDGE))}px`;
}

// --- what each menu offers ----------------------------------------------------------------------------

/** @param {App} app @param {MenuPlace} menu @returns {{title: string, items: Item[]}} */
function contents(app, menu) {
  if (menu.kind === "node") return ofNode(app, menu);
  if (menu.kind === "link") return ofLink(app, menu);
  const message = menu.kind === "message" && app.world.state.lanes[menu.lane].flying.get(Number(menu.id));
  return message ? ofMessage(app, menu, message) : ofStage(app, menu);
}

/** @param {App} app @param {MenuPlace} menu */
function ofNode(app, { lane, id }) {
  const { lanes, spec } = app.world.state;
  const status = lanes[lane].nodes[id]?.status ?? "up";
  const keys = spec?.keys ?? ["x"];
  const key = keys.includes(app.ui.state.watchedKey) ? app.ui.state.watchedKey : keys[0];
  const objects = cardsOf(app.world.state, lane).map(({ object }) => object).join();
  const others = (spec?.nodes ?? []).filter((other) => other !== id);
  const send = (/** @type {string} */ type, /** @type {Record<string, unknown>} */ fields = {}) => () => app.send(type, { node: id, ...fields });
  const down = status === "crashed" || status === "halted";
  return {
    title: t("menu.node", { id }),
    items: [
      { text: t("menu.open"), act: () => app.ui.update({ dock: { lane, kind: "node", id } }), free: true },
      { text: t("card.isolate"), act: () => app.send("partition", { sides: [[id], others] }) },
      down ? { text: t("card.restart"), act: send("restart") } : { text: t("card.crash"), act: send("crash") },
      ...(down ? [] : [status === "paused" ? { text: t("card.resume"), act: send("resume_node") } : { text: t("card.pause"), act: send("pause_node") }]),
      { text: t("card.wipe"), act: send("wipe") },
      { text: t("card.rename"), act: () => app.ui.update({ dock: { lane, kind: "node", id, rename: true } }) },
      { text: t("card.read"), act: send("ask", { kind: "read", key }) },
      { text: named("card.writes", objects, t("card.write")), act: send("ask", { kind: "write", key }) },
    ],
  };
}

/** @param {App} app @param {MenuPlace} menu */
function ofLink(app, { lane, id }) {
  const { lanes } = app.world.state;
  const [a, b] = id.split("-");
  const pair = [[a, b], [b, a]];
  const { links } = lanes[lane];
  const cut = pair.filter(([from, to]) => isCut(links, from, to));
  const tuned = links.tuned.some(([from, to]) => pair.some(([src, dst]) => src === from && dst === to));
  const base = { delay: links.base[0], jitter: links.base[1] };
  /** @type {Item[]} */
  const items = [{ text: t("menu.open"), act: () => app.ui.update({ dock: { lane, kind: "link", src: a, dst: b } }), free: true }];
  const add = (/** @type {string} */ type, /** @type {unknown} */ given) => {
    items.push({ text: t(type === "cut" ? "link.cut" : "link.heal"), act: () => app.send(type, { links: given }) });
    if (lanes.length > 1) items.push({ text: t(type === "cut" ? "menu.cutHere" : "menu.healHere", { lane: lane + 1 }), act: () => app.send(type, { links: given, lane }) });
  };
  if (cut.length < 2) add("cut", pair);
  if (cut.length > 0) add("heal", cut);
  items.push(tuned ? { text: t("menu.asOthers"), act: () => app.send("set_link", { links: pair, setting: base }) } : { text: t("menu.slow"), act: () => app.send("set_link", { links: pair, setting: SLOW }) });
  return { title: t("link.title", { a, b }), items };
}

/** @param {App} app @param {MenuPlace} menu @param {import("../stores/lane.js").Message} message */
function ofMessage(app, { lane }, message) {
  const { src, dst, type, id } = message;
  const nodes = app.world.state.spec?.nodes ?? [];
  const between = nodes.includes(src) && nodes.includes(dst); // nothing happens to messages of clients: no link lies there
  const send = (/** @type {string} */ command) => () => app.send(command, { src, dst, message: type, which: id, lane });
  return {
    title: messageWords(message),
    items: [
      { text: t("menu.only"), act: () => app.follow(rootOf(message)), free: true },
      ...(between ? [
        { text: t("menu.drop"), act: send("drop_message") },
        { text: t("menu.hold"), act: send("hold_message") },
        { text: t("menu.deliver"), act: send("deliver_message") },
        { text: t("menu.double"), act: send("duplicate_message") },
      ] : []),
    ],
  };
}

/** @param {App} app @param {MenuPlace} menu */
function ofStage(app, { lane }) {
  const { spec, lanes } = app.world.state;
  const n = spec?.nodes.length ?? 0;
  const sizes = [n + 1, n - 1].filter((size) => size >= LIMITS.nodes_min && size <= LIMITS.nodes_max);
  return {
    title: t("menu.stage"),
    items: [
      { text: t("twin.healAll"), act: () => app.send("heal") },
      ...(lanes.length > 1 ? [{ text: t("menu.healAllHere", { lane: lane + 1 }), act: () => app.send("heal", { lane }) }] : []),
      { text: t("menu.everyLink"), act: () => app.ui.update({ dock: { lane, kind: "link", src: "", dst: "" } }), free: true },
      ...(spec?.veiled ? [] : sizes.map((nodes) => ({ text: t(nodes > n ? "menu.add" : "menu.remove", { n: nodes }), act: () => compose(app, (each) => each, { nodes }) }))),
    ],
  };
}

/**
 * For a line of the list for keys: the menu key, Shift F10 or the right button opens its menu there.
 * @param {App} app
 * @param {{lane: number, kind: string, id: string}} what
 */
export function opensMenu(app, what) {
  const open = (/** @type {Event} */ event) => {
    const element = /** @type {Element} */ (event.currentTarget);
    const { left, bottom } = (element.querySelector(":focus") ?? element).getBoundingClientRect();
    event.preventDefault();
    event.stopPropagation();
    app.ui.update({ menu: { ...what, x: left, y: bottom } });
  };
  return {
    onContextMenu: open,
    onKeyDown: (/** @type {KeyboardEvent} */ event) => (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey) ? open(event) : undefined),
  };
}
