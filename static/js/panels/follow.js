/**
 * The page of a phone in the hall, which only follows: the words of all lanes first, then what the speaker asks and what this phone does,
 * then one lane at a time by a swipe. No player and no tools: a watcher may use neither.
 */
import { useState } from "preact/hooks";
import { fromLeft } from "../lib/sides.js";
import { moment, set } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { Caption } from "./caption.js";
import { ShownCard } from "./dialogs.js";
import { Dock } from "./dock.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { Sentence, Stage } from "./lane.js";
import { SeatPanel } from "./seat.js";
import { Strip } from "./strip.js";
import { TakeBack, askControls } from "./topbar.js";
import { Vote } from "./vote.js";

/** @param {{app: import("./html.js").App}} props */
export function FollowPage({ app }) {
  const spec = useStore(app.world, (state) => state.spec);
  const [state, shown] = useStore(app.world, ({ hall, talk }) => /** @type {const} */ ([hall.poll.state, talk.shown]));
  const lanes = spec?.lanes ?? [];
  return html`<header class="follow-bar"><h1 class="brand"><b>CAP</b>scope</h1><span class="follow-title">${spec?.title}</span><${Moment} app=${app} /><${More} app=${app} /></header>
    <main>
      <section class="follow-words" aria-label=${t("follow.words")}>${lanes.map((_, index) => html`<${LaneWords} key=${index} app=${app} index=${index} />`)}</section>
      <${ShownCard} app=${app} />
      ${state !== "off" && shown !== "lesson" && html`<section class="follow-card vote" aria-label=${t("audience.ask")}><${Vote} app=${app} /></section>`}
      <${SeatPanel} app=${app} />
      <${Caption} app=${app} />
      <div class="swipe" tabindex="0" role="group" aria-label=${t("follow.lanes")}>${lanes.map((lane, index) => html`<${SwipedLane} key=${index} app=${app} index=${index} title=${titleOf(lane)} count=${lanes.length} />`)}</div>
    </main>`;
}

/** @param {import("../lib/wire-types.js").SpecLane} lane */
function titleOf(lane) {
  return lane.nickname || lane.title;
}

/** A small menu: a visitor may ask for the controls, but nothing invites to it. @param {{app: import("./html.js").App}} props */
function More({ app }) {
  const audience = useStore(app.world, (state) => state.audience);
  const [open, show] = useState(false);
  const choose = (/** @type {() => void} */ act) => () => {
    show(false);
    act();
  };
  if (audience.owner) return html`<${TakeBack} app=${app} />`;
  return html`<div class="more">
    <button class="round" aria-label=${t("follow.more")} aria-expanded=${open} onClick=${() => show(!open)}>…</button>
    ${open && html`<div class="more-list">
      <p>${named("watcher", audience.holder)}</p>
      ${audience.holder !== "nobody" && html`<button class="quiet" title=${t("watcher.askWhat")} onClick=${choose(() => void askControls(app))}>${t("watcher.ask")}</button>`}
    </div>`}
  </div>`;
}

/** @param {{app: import("./html.js").App}} props */
function Moment({ app }) {
  const tenths = useStore(app.world, (state) => Math.round(state.renderAt / 1e5));
  const playing = useStore(app.world, (state) => state.clock.playing);
  return html`<span class="moment"><${Icon} name=${playing ? "play" : "pause"} />${moment(tenths * 1e5)}</span>`;
}

/** One lane in a few lines: its name, and the words of each side. @param {{app: import("./html.js").App, index: number}} props */
function LaneWords({ app, index }) {
  const [spec, meters] = useStore(app.world, (state) => /** @type {const} */ ([state.spec, state.lanes[index]?.meters ?? null]));
  if (!spec || !meters) return null;
  const order = fromLeft(spec.nodes, meters.sides.map((side) => side.nodes));
  return html`<div class="lane-words" data-lane=${index}>
    <h2>${titleOf(spec.lanes[index])}${meters.law && html`<span class="word" data-word="BROKEN"><${Icon} name="BROKEN" />${meters.law.name ? t("meters.broken") : t("meters.brokenStopped")}</span>`}</h2>
    ${order.map((number) => html`<${SideWords} key=${number} side=${meters.sides[number]} whole=${meters.sides.length === 1} />`)}
  </div>`;
}

/** @param {{side: import("../lib/wire-types.js").Side, whole: boolean}} props */
function SideWords({ side, whole }) {
  return html`<p class="side-words">
    <span class="side-name">${whole ? t("meters.everyone") : set(side.nodes)}</span>
    <span class="word" data-word=${side.availability}><${Icon} name=${side.availability} />${named("meters.availability", side.availability)}</span>
    ${side.consistency && html`<span class="word" data-word=${side.consistency}><${Icon} name=${side.consistency} />${named("meters.consistency", side.consistency)}</span>`}
  </p>`;
}

/** @param {{app: import("./html.js").App, index: number, title: string, count: number}} props */
function SwipedLane({ app, index, title, count }) {
  return html`<section class="lane" aria-label=${t("lane.label", { title })} data-lane=${index}>
    <h2 class="swipe-head">${title}${count > 1 && html`<span class="swipe-dots" aria-hidden="true">${Array.from({ length: count }, (_, each) => html`<i key=${each} class=${each === index ? "here" : ""}></i>`)}</span>`}</h2>
    <${Stage} app=${app} index=${index} title=${title} />
    <div class="foot">
      <${Strip} app=${app} index=${index} />
      <${Sentence} app=${app} index=${index} />
    </div>
    <${Dock} app=${app} index=${index} />
  </section>`;
}
