/**
 * The speaker's view: this beat, the next one, the notes, the time, and the controls as large buttons. It asks for nothing of its own:
 * what it shows comes in the frame `talk`, whose notes go to the owner alone.
 */
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { blocksOf } from "../lib/markdown.js";
import { named, t } from "../words/index.js";
import { callNodes, namesOf } from "../words/names.js";
import { html, useStore } from "./html.js";
import { SeatsSwitch } from "./seat.js";
import { Beats } from "./talk.js";
import { Asking, TakeBack } from "./topbar.js";
import { HallView } from "./vote.js";

const SECOND = 1000; // milliseconds
const KEYS = /** @type {const} */ (["previous", "next", "question", "lesson", "blank", "reset", "previousScene", "nextScene", "slower", "faster"]);

/** @typedef {Pick<import("./html.js").App, "world"|"ui"|"act"|"send">} Needs */

/** @param {{app: Needs}} props */
function Speaker({ app }) {
  const [talk, audience, spec, clock] = useStore(app.world, (state) => /** @type {const} */ ([state.talk, state.audience, state.spec, state.clock]));
  const [connected, said] = useStore(app.ui, (state) => /** @type {const} */ ([state.connected, state.said]));
  callNodes(useStore(app.world, (state) => namesOf(state.lanes[0]?.nodes)));
  const { beats, beat, scenes, scene } = talk;
  const now = beats[beat];
  const following = beats[beat + 1];
  const then = following ? following.words : scenes[scene + 1] ? t("speaker.nextScene", { title: scenes[scene + 1].title }) : t("speaker.end");
  return html`<main class="speaker">
    <header><h1>${spec?.title ?? t("speaker.title")}</h1>
      <span>${talk.title && t("talk.scene", { n: scene + 1, of: scenes.length })} <${Beats} talk=${talk} /></span>
      <${Asking} app=${app} />
      <${TakeBack} app=${app} />
      <${Time} talk=${talk} /></header>
    <section class="speaker-beats">
      <div class="speaker-now"><h2>${t("speaker.now")}</h2><p>${now ? now.words : t("speaker.before")}</p></div>
      <div class="speaker-then"><h2>${t("speaker.then")}</h2><p>${then}</p></div>
    </section>
    <${HallView} app=${app} />
    <section class="speaker-notes" aria-label=${t("speaker.notes")} tabindex="0">
      ${!connected && html`<p class="alarm" role="alert">${t("speaker.lost")}</p>`}
      ${said.sentence && !said.calm && html`<p class="alarm" role="status">${said.sentence}</p>`}
      ${audience.controls ? html`<${Notes} text=${talk.notes || t("speaker.noNotes")} />` : html`<p>${t("speaker.watching")}</p>`}
    </section>
    <footer class="speaker-keys">${KEYS.map((action) => html`<button key=${action} class=${action === "next" ? "solid" : ""} disabled=${!audience.controls} aria-pressed=${pressed(action, talk)}
      onClick=${() => app.act(action)}>${named("talk", action)}</button>`)}
      <button disabled=${!audience.controls} onClick=${() => app.act("play")}>${t(clock.playing ? "speaker.pause" : "speaker.play")}</button>
      <${SeatsSwitch} app=${app} />
    </footer>
  </main>`;
}

/** @param {string} action @param {import("../stores/world.js").TalkBody} talk */
function pressed(action, talk) {
  if (action === "blank") return talk.blank;
  return action === "question" || action === "lesson" ? talk.shown === action : undefined;
}

/** Time gone and planned; late once more is gone than planned for all scenes up to this one. @param {{talk: import("../stores/world.js").TalkBody}} props */
function Time({ talk }) {
  const [passed, pass] = useState(0);
  const began = useRef(0);
  useEffect(() => {
    began.current = performance.now() - talk.elapsed * SECOND;
    const count = () => pass(Math.floor((performance.now() - began.current) / SECOND));
    count();
    const timer = setInterval(count, SECOND);
    return () => clearInterval(timer);
  }, [talk.elapsed, talk.title]);
  if (!talk.title) return null;
  const due = talk.scenes.slice(0, talk.scene + 1).reduce((sum, { minutes }) => sum + 60 * minutes, 0);
  return html`<span class="speaker-time" role="timer" data-late=${passed > due} title=${t("speaker.should", { planned: minutesOf(due) })}>${t("speaker.gone", { gone: minutesOf(passed), planned: minutesOf(60 * talk.planned) })}</span>`;
}

/** @param {number} seconds */
function minutesOf(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** @param {{text: string}} props */
export function Notes({ text }) {
  return html`<div>${blocksOf(text).map((block, index) => {
    if (block.kind === "heading") return html`<h3 key=${index}><${Spans} spans=${block.spans} /></h3>`;
    if (!("items" in block)) return html`<p key=${index}><${Spans} spans=${block.spans} /></p>`;
    const items = block.items.map((spans, place) => html`<li key=${place}><${Spans} spans=${spans} /></li>`);
    return block.kind === "list" ? html`<ul key=${index}>${items}</ul>` : html`<ol key=${index}>${items}</ol>`;
  })}</div>`;
}

/** @param {{spans: import("../lib/markdown.js").Span[]}} props */
function Spans({ spans }) {
  return html`${spans.map(({ kind, text }, index) => {
    if (kind === "bold") return html`<strong key=${index}>${text}</strong>`;
    if (kind === "italic") return html`<em key=${index}>${text}</em>`;
    return kind === "code" ? html`<code key=${index}>${text}</code>` : text;
  })}`;
}

/** @param {Needs} app @param {Element} place */
export function showSpeaker(app, place) {
  render(html`<${Speaker} app=${app} />`, place);
}
