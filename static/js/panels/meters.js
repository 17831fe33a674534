/**
 * Two words for each side of the cut, and the numbers of which they speak: what the clients of that side saw. A click opens the details.
 * A broken law stands across all sides, and is the largest word. Below: what the last cut cost, or without a cut how long answers took.
 */
import { fromLeft } from "../lib/sides.js";
import { moment, set } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { answeredWords, costWords, harmWords, leftOutWords, oddWords, recentWords } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";

const SIDES_SHOWN = 6;
const LONG = 24; // letters: a law with a longer name has a smaller font
const TENTH = 1e5; // microseconds

/** @param {{app: import("./html.js").App, index: number}} props */
export function Meters({ app, index }) {
  const meters = useStore(app.world, (state) => state.lanes[index]?.meters ?? null);
  const [spec, hello] = useStore(app.world, (state) => /** @type {const} */ ([state.spec, state.hello]));
  const outside = useStore(app.ui, (state) => state.view === "clients"); // clients do not know who is a member
  if (!meters || !spec) return html`<div class="meters" data-sides="1"></div>`;
  const card = hello?.protocols.find((protocol) => protocol.name === spec.lanes[index].protocol);
  const open = () => app.ui.update({ dock: { lane: index, kind: "details" } });
  const order = fromLeft(spec.nodes, meters.sides.map((side) => side.nodes)); // as on the stage
  const left = meters.left_out && meters.left_out.down + meters.left_out.straddled > 0 ? meters.left_out : null; // it concerns the lane, so it is shown once
  const shown = order.slice(0, SIDES_SHOWN).map((number) => meters.sides[number]);
  return html`<div class="meters" data-sides=${shown.length} data-law=${meters.law ? "broken" : "kept"}>
    ${meters.law && html`<${Broken} app=${app} index=${index} law=${meters.law} />`}
    <div class="sides">
      ${shown.map((side, place) => html`<${SideMeter} key=${side.nodes.join()} app=${app} side=${side} left=${place === 0 ? left : null} whole=${meters.sides.length === 1} majority=${(card?.majority ?? false) && !outside} open=${open} />`)}
      ${meters.sides.length > SIDES_SHOWN && html`<p class="side-more">${t("meters.more", { n: meters.sides.length - SIDES_SHOWN })}</p>`}
    </div>
    ${meters.cost ? html`<${Cost} cost=${meters.cost} title=${spec.lanes[index].title} />` : html`<${Latency} sides=${meters.sides} title=${spec.lanes[index].title} />`}
  </div>`;
}

/** @param {{app: import("./html.js").App, side: import("../lib/wire-types.js").Side, left: {down: number, straddled: number}|null, whole: boolean, majority: boolean, open: () => void}} props */
function SideMeter({ app, side, left, whole, majority, open }) {
  const waiting = side.availability === "WAITING";
  const now = useStore(app.world, (state) => (waiting ? Math.floor(state.renderAt / TENTH) * TENTH : 0));
  const [answered, more] = recentWords(side, now);
  const [odd, figure] = oddWords(side);
  const name = whole ? t("meters.everyone") : set(side.nodes);
  return html`<button class="side" onClick=${open} title=${t("meters.details", { side: name })}><span class="side-body">
    <span class="side-head"><span class="side-name">${name}</span>${left && html`<span class="side-left" title=${leftOutWords(left)}>${t("meters.leftOut", { n: left.down + left.straddled })}</span>`}${majority && html`<span class=${`side-quorum ${side.majority ? "has" : ""}`}>${side.majority ? t("meters.quorum") : t("meters.noQuorum")}</span>`}</span>
    <span class="judged">
      <span class=${`word ${side.availability_earlier ? "earlier" : ""}`} data-word=${side.availability}><${Icon} name=${side.availability} />${named("meters.availability", side.availability)}</span>
      <span class="count"><span>${answered}</span>${more && html`<span class="more">${more}</span>`}</span>
    </span>
    <span class="judged">
      ${side.consistency && html`<span class=${`word ${side.consistency_earlier ? "earlier" : ""}`} data-word=${side.consistency}><${Icon} name=${side.consistency} />${named("meters.consistency", side.consistency)}</span>`}
      <span class="count odd">${odd}</span><span class="count figure" aria-hidden="true">${figure}</span>
    </span>
  </span></button>`;
}

/** The broken law, and the two events that contradict each other. @param {{app: import("./html.js").App, index: number, law: import("../lib/wire-types.js").Law}} props */
function Broken({ app, index, law }) {
  const locked = useStore(app.world, (state) => !state.audience.controls);
  /** @param {import("../lib/wire-types.js").Witness} event */
  const visit = ({ at, node, text }) => {
    app.ui.update({ lit: { lane: index, sentence: text, operations: [] }, selection: { lane: index, kind: "node", ids: [node] } });
    app.send("seek", { at });
  };
  return html`<section class="law" aria-label=${t("named", { name: t("meters.broken"), text: law.name })}>
    <p class="law-head"><span class="word" data-word="BROKEN"><${Icon} name="BROKEN" />${law.name ? t("meters.broken") : t("meters.brokenStopped")}</span>${law.name && html`<b class=${`law-name ${law.name.length > LONG ? "long" : ""}`}>${law.name}</b>`}</p>
    <p class="law-sentence" title=${law.sentence}>${law.sentence}</p>
    <p class="law-events">${law.events.map((event) => html`<button key=${`${event.at} ${event.node}`} disabled=${locked} title=${t("meters.brokenGo", { moment: moment(event.at), text: event.text })}
      onClick=${() => visit(event)}>${t("meters.brokenAt", { text: event.text, moment: together(moment(event.at)) })}</button>`)}</p>
  </section>`;
}

/** Before, during and after the last cut. @param {{cost: NonNullable<import("../lib/wire-types.js").Meters["cost"]>, title: string}} props */
function Cost({ cost, title }) {
  /** @type {Array<[string, import("../lib/wire-types.js").Span | null]>} */
  const parts = [["before", cost.before], ["during", cost.during], ["after", cost.after]];
  return html`<dl class="cost" aria-label=${t("meters.cost", { title })}>
    ${parts.map(([name, part]) => html`<div key=${name} data-part=${name}><dt>${named("meters.cost", name)}</dt>
      <dd>${part ? answeredWords(part.answered, part.asked) : t("meters.none")}</dd><${Notes} text=${part ? costWords(part) : ""} /></div>`)}
  </dl>`;
}

/** How long answers took while nothing has been cut. @param {{sides: import("../lib/wire-types.js").Side[], title: string}} props */
function Latency({ sides, title }) {
  const [side] = sides; // nothing is cut: there is one side
  const answered = side.ok + side.declined;
  const declined = side.declined ? [t("meters.declined", { n: side.declined })] : [];
  /** @type {Array<[string, [number, number] | null]>} */
  const kinds = [["reads", side.reads_ms], ["writes", side.writes_ms]];
  return html`<dl class="cost" aria-label=${t("meters.latency", { title })}>
    <div data-part="all"><dt>${t("meters.latency.all")}</dt><dd>${answeredWords(answered, answered + side.failed + side.unknown)}</dd><${Notes} text=${[...declined, ...harmWords(side)].join(", ")} /></div>
    ${kinds.map(([name, times]) => html`<div key=${name} data-part=${name}><dt>${named("meters.latency", name)}</dt>
      <dd>${times ? t("meters.latencyMedian", { ms: times[0] }) : t("meters.none")}</dd><${Notes} text=${times ? t("meters.slowest", { ms: times[1] }) : ""} /></div>`)}
  </dl>`;
}

/** Never at the end of a line without its unit. @param {string} words */
const together = (words) => words.replaceAll(" ", "\u00a0");

/** What else there is to say of a column, the gravest first; its title has what does not fit. @param {{text: string}} props */
const Notes = ({ text }) => html`<dd class="cost-notes" title=${text}>${text}</dd>`;
