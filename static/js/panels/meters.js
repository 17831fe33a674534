/** Two words for each side of the cut, and the numbers below: what the clients of that side saw. A click opens the details. */
import { fromLeft } from "../lib/sides.js";
import { set } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { answeredWords, leftOutWords, oddWords } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";

const SIDES_SHOWN = 6;

/** @param {{app: import("./html.js").App, index: number}} props */
export function Meters({ app, index }) {
  const meters = useStore(app.world, (state) => state.lanes[index]?.meters ?? null);
  const [spec, hello] = useStore(app.world, (state) => /** @type {const} */ ([state.spec, state.hello]));
  if (!meters || !spec) return html`<div class="meters" data-sides="1"></div>`;
  const card = hello?.protocols.find((protocol) => protocol.name === spec.lanes[index].protocol);
  const outside = useStore(app.ui, (state) => state.view === "clients"); // clients do not know who is a member
  const open = () => app.ui.update({ dock: { lane: index, kind: "details" } });
  const order = fromLeft(spec.nodes, meters.sides.map((side) => side.nodes)); // as on the stage
  const left = meters.left_out && meters.left_out.down + meters.left_out.straddled > 0 ? meters.left_out : null; // it concerns the lane, so it is shown once
  const shown = order.slice(0, SIDES_SHOWN).map((number) => meters.sides[number]);
  return html`<div class="meters" data-sides=${shown.length}>
    ${shown.map((side, place) => html`<${SideMeter} key=${side.nodes.join()} side=${side} left=${place === 0 ? left : null} whole=${meters.sides.length === 1} majority=${(card?.majority ?? false) && !outside} open=${open} />`)}
    ${meters.sides.length > SIDES_SHOWN && html`<p class="side-more">${t("meters.more", { n: meters.sides.length - SIDES_SHOWN })}</p>`}
  </div>`;
}

/** @param {{side: import("../lib/wire-types.js").Side, left: {down: number, straddled: number}|null, whole: boolean, majority: boolean, open: () => void}} props */
function SideMeter({ side, left, whole, majority, open }) {
  const name = whole ? t("meters.everyone") : set(side.nodes);
  const answers = side.ok + (side.declined ?? 0);
  const finished = answers + side.failed + side.unknown;
  const answered = side.availability === "QUIET" ? t("meters.notAsked") : answeredWords(answers, finished, side.declined);
  return html`<button class="side" onClick=${open} title=${t("meters.details", { side: name })}>
    <span class="side-head"><span class="side-name">${name}</span>${left && html`<span class="side-left" title=${leftOutWords(left)}>${t("meters.leftOut", { n: left.down + left.straddled })}</span>`}${majority && html`<span class=${`side-quorum ${side.majority ? "has" : ""}`}>${side.majority ? t("meters.quorum") : t("meters.noQuorum")}</span>`}</span>
    <span class="word" data-word=${side.availability}><${Icon} name=${side.availability} />${named("meters.availability", side.availability)}</span>
    <span class="count">${answered}</span>
    <span class="word" data-word=${side.consistency}><${Icon} name=${side.consistency} />${named("meters.consistency", side.consistency)}</span>
    <span class="count">${oddWords(side).map((part) => html`<span key=${part}>${part}</span>`)}</span>
  </button>`;
}
