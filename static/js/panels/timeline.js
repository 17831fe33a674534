/** The timeline: play, step, speed, the track with its marks (shaded while something is cut), the moment, live. */
import { useRef } from "preact/hooks";
import { lengthOf, placed, SPEEDS, speedPlace } from "../lib/timeline.js";
import { moment, speed } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { keyName, withKey } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";

/** @param {{app: import("./html.js").App}} props */
export function Timeline({ app }) {
  const [clock, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.clock, state.audience]));
  const locked = !audience.controls;
  const place = speedPlace(clock.speed);
  return html`<section class="timeline" aria-label=${t("time.label")}>
    <div class="play">
      <button class="round" disabled=${locked} aria-label=${clock.playing ? t("time.pause") : t("time.play")} title=${keyName("play")} onClick=${() => app.act("play")}>
        <${Icon} name=${clock.playing ? "pause" : "play"} />
      </button>
      <button class="round dim" disabled=${locked} aria-label=${t("time.stepEvent")} title=${withKey(t("time.stepEvent"), "stepEvent")} onClick=${() => app.act("stepEvent")}><${Icon} name="stepEvent" /></button>
      <button class="round dim" disabled=${locked} aria-label=${t("time.stepMessage")} title=${withKey(t("time.stepMessage"), "stepMessage")} onClick=${() => app.act("stepMessage")}><${Icon} name="stepMessage" /></button>
      <span class="speed-words" aria-hidden="true">${speed(clock.speed)}</span>
      <input class="speed" type="range" min="0" max=${SPEEDS.length - 1} step="1" value=${place} disabled=${locked} aria-label=${t("time.speed")} aria-valuetext=${t("time.speedValue", { speed: speed(clock.speed) })}
        onInput=${(/** @type {any} */ event) => app.send("speed", { speed: SPEEDS[Number(event.currentTarget.value)] })} onPointerUp=${letGo} />
    </div>
    <${Track} app=${app} locked=${locked} />
    <${Now} app=${app} locked=${locked} />
  </section>`;
}

/** After a drag with the mouse the keys work for the page again. @param {any} event */
function letGo(event) {
  event.currentTarget.blur();
}

/** @param {{app: import("./html.js").App, locked: boolean}} props */
function Now({ app, locked }) {
  const tenths = useStore(app.world, (state) => Math.round(state.renderAt / 1e5));
  const live = useStore(app.world, (state) => state.clock.live);
  return html`<div class="now">
    <span class="moment">${moment(tenths * 1e5)}</span>
    <button class=${`quiet live ${live ? "is" : ""}`} disabled=${locked} title=${live ? t("time.liveWhat") : t("time.goLive")} onClick=${() => app.act("live")}>${t("time.live")}</button>
  </div>`;
}

/** @param {{app: import("./html.js").App, locked: boolean}} props */
function Track({ app, locked }) {
  const [marks, cutSpans, horizon, spec] = useStore(app.world, (state) => /** @type {const} */ ([state.marks, state.cutSpans, state.clock.horizon, state.spec]));
  const large = useStore(app.ui, (state) => state.presenting);
  const now = useStore(app.world, (state) => Math.round(state.renderAt / 2e4) * 2e4);
  const dragging = useRef(false);
  const wanted = useRef(0);
  const length = lengthOf(horizon, spec?.until);
  const lanes = (spec?.lanes ?? []).map(({ nickname, title }) => nickname || title);
  const shown = placed(marks, length, { kind: (kind) => named("time.marks", kind), lane: (name, text) => t("named", { name, text }), lanes, large });
  const percent = (/** @type {number} */ at) => `${Math.min(100, (100 * at) / length)}%`;
  /** @param {any} event */
  const scrub = (event) => {
    wanted.current = Math.min(Number(event.currentTarget.value), horizon);
    if (dragging.current) return; // one seek at a time; the last one wins
    dragging.current = true;
    const asked = wanted.current;
    app.send("seek", { at: asked }).then(() => {
      dragging.current = false;
      if (wanted.current !== asked) app.send("seek", { at: wanted.current });
    });
  };
  return html`<div class="track">
    <div class="rail">
      ${cutSpans.map(([from, to, text], index) => html`<span key=${index} class="era" title=${text} style=${{ left: percent(from), width: percent((to ?? horizon) - from) }}></span>`)}
      <span class="past" style=${{ width: percent(horizon) }}></span>
      <span class="played" style=${{ width: percent(Math.min(now, length)) }}></span>
    </div>
    <input type="range" min="0" max=${length} step="10000" value=${now} disabled=${locked} aria-label=${t("time.scrub")} aria-valuetext=${moment(now)} onInput=${scrub} onPointerUp=${letGo} />
    <div class="marks" aria-hidden="true">
      ${shown.map(
        (mark) => html`<button key=${`${mark.at} ${mark.kind}`} tabindex="-1" class="mark" data-kind=${mark.kind} disabled=${locked} style=${{ left: percent(mark.at) }} title=${`${mark.times > 1 ? t("time.again", { text: mark.texts.join(", "), times: mark.times }) : mark.texts[0]} · ${moment(mark.at)}`}
          onClick=${() => app.send("seek", { at: mark.at })}></button>`,
      )}
      ${shown.filter(({ label }) => label).map((mark) => html`<span key=${`${mark.at} ${mark.kind} label`} class="mark-label" data-row=${mark.row} style=${{ left: `${100 * mark.middle}%` }}>${mark.label}</span>`)}
    </div>
  </div>`;
}
