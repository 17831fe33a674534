/** The bar of a talk: where it is, and a button for each of a speaker's keys; and the laser dot. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { SPEEDS, speedPlace } from "../lib/timeline.js";
import { speed } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { keyName } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { SeatsSwitch } from "./seat.js";

const SHOWS = /** @type {const} */ (["question", "lesson"]);

/** @param {{app: import("./html.js").App}} props */
export function TalkBar({ app }) {
  const [talk, audience, clock] = useStore(app.world, (state) => /** @type {const} */ ([state.talk, state.audience, state.clock]));
  const dot = useStore(app.ui, (state) => state.dot !== null);
  const { act } = app;
  const key = (/** @type {string} */ action) => html`<kbd aria-hidden="true">${keyName(action)}</kbd>`;
  return html`<section class="talk-bar" aria-label=${t("talk.label")}>
    <div class="talk-place">
      ${talk.title && html`<span class="talk-scene">${t("talk.scene", { n: talk.scene + 1, of: talk.scenes.length })}</span>`}
      <${Beats} talk=${talk} />
      ${talk.fast && html`<span class="talk-fast">${t("talk.fast", { speed: speed(clock.speed) })}</span>`}
    </div>
    ${audience.controls && html`<div class="talk-keys">
      <button class="quiet" onClick=${() => act("previous")}>${t("talk.previous")}${key("previous")}</button>
      <button class="solid" onClick=${() => act("next")}>${t("talk.next")}${key("next")}</button>
      ${talk.scenes.length > 1 && html`<button class="quiet" disabled=${talk.scene === 0} onClick=${() => act("previousScene")}>${t("talk.previousScene")}</button>
        <button class="quiet" disabled=${talk.scene + 1 >= talk.scenes.length} onClick=${() => act("nextScene")}>${t("talk.nextScene")}</button>`}
      <button class="quiet" aria-haspopup="dialog" onClick=${() => act("scenes")}>${t("talk.scenes")}${key("scenes")}</button>
      ${SHOWS.map((what) => html`<button key=${what} class="quiet" aria-pressed=${talk.shown === what} onClick=${() => act(what)}>${named("talk", what)}${key(what)}</button>`)}
      <button class="quiet" onClick=${() => act("blank")}>${t("talk.blank")}${key("blank")}</button>
      <button class="quiet" onClick=${() => act("reset")}>${t("talk.reset")}${key("reset")}</button>
      <button class="quiet" aria-label=${t("talk.slower")} disabled=${speedPlace(clock.speed) === 0} onClick=${() => act("slower")}>${keyName("slower")}</button>
      <button class="quiet" aria-label=${t("talk.faster")} disabled=${speedPlace(clock.speed) === SPEEDS.length - 1} onClick=${() => act("faster")}>${keyName("faster")}</button>
      <button class="quiet" aria-pressed=${dot} onClick=${() => act("dot")}>${t("talk.dot")}${key("dot")}</button>
      <${SeatsSwitch} app=${app} />
      <button class="quiet" onClick=${() => act("speaker")}>${t("talk.speaker")}${key("speaker")}</button>
    </div>`}
  </section>`;
}

/** One mark a beat: round for stops, square for cards; those that were reached are full. @param {{talk: import("../stores/world.js").TalkBody}} props */
export function Beats({ talk }) {
  return html`<ol class="beats" aria-label=${t("talk.beat", { n: talk.beat + 1, of: talk.beats.length })}>
    ${talk.beats.map(({ kind, words }, index) => html`<li key=${index} data-kind=${kind} data-reached=${index <= talk.beat} aria-current=${index === talk.beat ? "step" : undefined} title=${words}></li>`)}
  </ol>`;
}

/** A dot that follows the pointer, for this page alone. @param {{app: import("./html.js").App}} props */
export function Dot({ app }) {
  const on = useStore(app.ui, (state) => state.dot !== null);
  const element = useRef(/** @type {HTMLElement|null} */ (null));
  useLayoutEffect(() => {
    if (!on) return undefined;
    const follow = (/** @type {PointerEvent} */ event) => {
      const dot = element.current;
      if (dot) Object.assign(dot.style, { left: `${event.clientX}px`, top: `${event.clientY}px` });
    };
    addEventListener("pointermove", follow);
    return () => removeEventListener("pointermove", follow);
  }, [on]);
  return on ? html`<div class="laser" ref=${element} aria-hidden="true"></div>` : null;
}
