/** A few words beside the pointer: the fields of a message, the state of a node. It catches no clicks, and leaves with the pointer. */
import { useEffect } from "preact/hooks";
import { named, t } from "../words/index.js";
import { landsWords, messageWords } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { clockWords } from "./node_actions.js";
import { storeWords } from "./node_card.js";
import { fieldsOf } from "./twin.js";

/** @param {{app: import("./html.js").App}} props */
export function Tooltip({ app }) {
  const hover = useStore(app.ui, ({ gesture, hover, dock }) => (gesture || (dock?.kind === "node" && hover?.id === dock.id) ? null : hover));
  const at = useStore(app.world, (state) => (hover ? Math.round(state.renderAt / 1e4) : 0));
  const asked = hover?.kind === "message" ? Number(hover.id) : null;
  useEffect(() => {
    if (hover && asked !== null) void app.inspect(hover.lane, [asked]);
  }, [hover?.lane, asked]);
  if (!hover || hover.x === undefined || hover.y === undefined) return null;
  const lines = linesOf(app, hover);
  if (lines.length === 0) return null;
  const right = hover.x > innerWidth * 0.75;
  const low = hover.y > innerHeight * 0.6;
  return html`<div class=${`tooltip ${right ? "right" : ""} ${low ? "low" : ""}`} role="tooltip" data-at=${at} style=${{ left: `${hover.x}px`, top: `${hover.y}px` }}>
    ${lines.map(([name, value], place) => (place === 0 ? html`<b key="0">${value}</b>` : html`<span key=${place}><i>${name}</i> ${value}</span>`))}
  </div>`;
}

/**
 * @param {import("./html.js").App} app
 * @param {{lane: number, kind: string, id: any}} hover
 * @returns {Array<[string, string]>}
 */
function linesOf(app, hover) {
  const lane = app.world.state.lanes[hover.lane];
  if (!lane) return [];
  if (hover.kind === "message") {
    const message = lane.flying.get(hover.id) ?? lane.flying.get(Number(hover.id));
    if (!message) return [];
    return [["", messageWords(message)], ...fieldsOf(app, hover.lane, message).filter(([, value]) => value !== ""), ["", landsWords(message.due)]];
  }
  if (hover.kind === "node") {
    const node = lane.nodes[hover.id];
    if (!node || app.ui.state.view === "clients") return [];
    /** @type {Array<[string, string]>} */
    const lines = [["", [hover.id, node.role, node.status === "up" ? "" : named("card.statuses", node.status)].filter(Boolean).join(" · ")]];
    if (node.sentence) lines.push(["", node.sentence]);
    const { spec, hello } = app.world.state;
    const card = hello?.protocols.find(({ name }) => name === spec?.lanes[hover.lane]?.protocol);
    if (node.epoch !== null) lines.push([card?.epoch || t("card.epoch"), String(node.epoch)]);
    lines.push(["", storeWords(node.store, card?.object)]);
    const clock = clockWords(node, app.world.state.renderAt);
    if (clock) lines.push([t("card.clock"), clock]);
    return [...lines, ...Object.entries(node.facts ?? {}).slice(0, 6)];
  }
  return [];
}
