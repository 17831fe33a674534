/** One lane: its head (protocol and knobs), the stage, the two words for each side, the operation strip, the sentence. */
import { useEffect, useRef } from "preact/hooks";
import { differing, SHORT } from "../lib/knobs.js";
import { LIMITS } from "../lib/wire-types.js";
import { t } from "../words/index.js";
import { knobShown, numberWords } from "../words/sentences.js";
import { compose } from "./compose.js";
import { Dock } from "./dock.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { Meters } from "./meters.js";
import { Pick } from "./pick.js";
import { Strip } from "./strip.js";
import { Follow, Thinned } from "./thinned.js";
import { Why } from "./why.js";

const LONG = 64; // letters: a longer sentence has a smaller font in the narrowest lanes when presenting
const LONGEST = 92; // letters: in all narrow lanes

/** @param {{app: import("./html.js").App}} props */
export function Lanes({ app }) {
  const spec = useStore(app.world, (state) => state.spec);
  const solo = useStore(app.ui, (state) => state.solo);
  const lanes = spec ? spec.lanes : [];
  const alone = solo !== null && solo < lanes.length ? solo : null;
  return html`<div class="lanes" data-count=${alone === null ? lanes.length : 1}>
    ${lanes.map((_, index) => html`<${Lane} key=${index} app=${app} index=${index} last=${index === lanes.length - 1} hidden=${alone !== null && alone !== index} />`)}
  </div>`;
}

/** @param {{app: import("./html.js").App, index: number, last: boolean, hidden: boolean}} props */
function Lane({ app, index, last, hidden }) {
  const spec = useStore(app.world, (state) => state.spec);
  const stopped = useStore(app.world, (state) => state.lanes[index]?.stopped);
  const lane = spec?.lanes[index];
  if (!spec || !lane) return null;
  return html`<section class="lane" aria-label=${t("lane.label", { title: lane.title })} hidden=${hidden} data-lane=${index}>
    <${Head} app=${app} index=${index} last=${last} />
    ${stopped && html`<p class="stopped">${t("lane.stopped", { sentence: stopped, seed: spec.seed })}</p>`}
    <${Figure} app=${app} index=${index} />
    <${Stage} app=${app} index=${index} title=${lane.title} />
    <div class="foot">
      <${Meters} app=${app} index=${index} />
      <${Strip} app=${app} index=${index} />
      <${Sentence} app=${app} index=${index} />
    </div>
    <${Dock} app=${app} index=${index} />
  </section>`;
}

/** The number that is the story of a lane, over its stage. @param {{app: import("./html.js").App, index: number}} props */
function Figure({ app, index }) {
  const figures = useStore(app.world, (state) => state.lanes[index]?.meters?.figures);
  const key = useStore(app.ui, (state) => state.watchedKey);
  const figure = figures?.[key] ?? figures?.[""];
  return figure ? html`<p class="lane-figure">${figures[key] ? t("named", { name: key, text: figure }) : figure}</p>` : null;
}

/** @param {{app: import("./html.js").App, index: number, title: string}} props */
export function Stage({ app, index, title }) {
  const canvas = useRef(/** @type {HTMLCanvasElement|null} */ (null));
  useEffect(() => (canvas.current ? app.mountStage(canvas.current, index) : undefined), []);
  return html`<div class="stage"><canvas ref=${canvas} role="img" aria-label=${t("lane.stage", { title })}></canvas><${Thinned} app=${app} index=${index} /><${Why} app=${app} index=${index} /></div>`;
}

/** @param {{app: import("./html.js").App, index: number}} props */
export function Sentence({ app, index }) {
  const sentence = useStore(app.world, (state) => state.lanes[index]?.meters?.sentence ?? "");
  const lit = useStore(app.ui, (state) => state.lit);
  const shown = lit && lit.lane === index ? lit.sentence : sentence;
  const length = shown.length > LONGEST ? "long longest" : shown.length > LONG ? "long" : "";
  return html`<p class=${`sentence ${length} ${lit && lit.lane === index ? "lit" : ""}`} title=${shown}>${shown} <${Follow} app=${app} index=${index} /></p>`;
}

/**
 * The lane's name, and the knobs in which it differs from other lanes of its protocol: the audience must see which lane is which. Presenting
 * shows nothing else.
 * @param {{app: import("./html.js").App, index: number, last: boolean}} props
 */
function Head({ app, index, last }) {
  const [spec, hello, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.spec, state.hello, state.audience]));
  const presenting = useStore(app.ui, (state) => state.presenting);
  if (!spec) return null;
  const lane = spec.lanes[index];
  const card = hello?.protocols.find((protocol) => protocol.name === lane.protocol);
  const first = differing(spec.lanes, index, card?.knobs ?? []);
  return html`<div class="lane-head">
    <h2>${presenting ? lane.nickname || lane.title : html`<${ProtocolPick} app=${app} index=${index} />`}</h2>
    <div class="settings">
      ${lane.nickname && html`<span class="protocol" title=${lane.title}>${lane.title}</span>`}
      ${first.map((knob) => presenting ? html`<span key=${knob.name} class="pick"><span>${knobShown(knob, lane.knobs[knob.name])}</span></span>` : html`<${KnobPick} key=${knob.name} app=${app} lane=${index} knob=${knob} />`)}
      ${!presenting && html`<${OtherKnobs} app=${app} index=${index} knobs=${(card?.knobs ?? []).filter((knob) => !first.includes(knob))} room=${INLINE - first.length} />`}
    </div>
    ${!presenting && html`<${LaneTools} app=${app} index=${index} last=${last} locked=${!audience.controls} />`}
  </div>`;
}

/** @param {{app: import("./html.js").App, index: number}} props */
function ProtocolPick({ app, index }) {
  const lane = app.world.state.spec?.lanes[index];
  if (!lane) return null;
  return html`<button class="protocol-pick" aria-haspopup="dialog" aria-label=${t("lane.protocol", { title: lane.title })} title=${t("lane.protocolWhat")}
    onClick=${() => app.ui.update({ dialog: "catalogue", catalogueLane: index })}>${lane.nickname || lane.title}<span class="caret" aria-hidden="true">▾</span></button>`;
}

/** The knobs in which no lane differs: a few short ones, and the others behind the dots. One that does not fit takes no focus.
 * @param {{app: import("./html.js").App, index: number, knobs: import("../lib/wire-types.js").Knob[], room: number}} props */
function OtherKnobs({ app, index, knobs, room }) {
  const element = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => {
    const line = element.current;
    if (!line) return undefined;
    const fit = () => {
      const top = /** @type {HTMLElement|null} */ (line.firstElementChild)?.offsetTop ?? 0;
      for (const pick of /** @type {HTMLElement[]} */ ([...line.children])) pick.style.visibility = pick.offsetTop > top ? "hidden" : "";
    };
    fit();
    const watch = new ResizeObserver(fit);
    watch.observe(line);
    return () => watch.disconnect();
  });
  const inline = knobs.filter(fitsInline).slice(0, Math.max(0, room));
  const { title } = app.world.state.spec?.lanes[index] ?? { title: "" };
  return html`<div class="knobs" ref=${element}>
      ${inline.map((knob) => html`<${KnobPick} key=${knob.name} app=${app} lane=${index} knob=${knob} />`)}
    </div>
    ${knobs.length > inline.length && html`<button class="quiet dim" aria-label=${t("named", { name: t("lane.knobs"), text: title })} title=${t("lane.knobs")} onClick=${() => app.ui.update({ dock: { lane: index, kind: "knobs" } })}>…</button>`}`;
}

/** @param {{app: import("./html.js").App, index: number, last: boolean, locked: boolean}} props */
function LaneTools({ app, index, last, locked }) {
  const { spec, hello } = app.world.state;
  if (!spec) return null;
  const { title } = spec.lanes[index];
  const room = spec.lanes.length < (hello?.limits.lanes_max ?? LIMITS.lanes_max);
  return html`<div class="lane-tools">
    ${last && room && !spec.veiled && html`<button class="quiet dim" disabled=${locked} title=${t("lane.addWhat")} onClick=${() => addLane(app)}>${t("lane.add")}</button>`}
    ${spec.lanes.length > 1 && html`<button class="round small dim" disabled=${locked} aria-label=${t("lane.remove", { title })} title=${t("lane.remove", { title })}
      onClick=${() => compose(app, (lanes) => lanes.filter((_, other) => other !== index))}><${Icon} name="close" /></button>`}
  </div>`;
}

/** True for numbers with short names and for choices of a few short words: they are in the head, the others behind the dots. @param {import("../lib/wire-types.js").Knob} knob */
function fitsInline(knob) {
  if (knob.choices.length === 0) return knob.title.length <= SHORT && knobValues(knob).length > 0;
  return knob.choices.every(([value, text]) => typeof value !== "boolean" && text.length <= WORDS);
}

const INLINE = 4; // knobs in a head
const WORDS = 32; // letters of a choice

/** The values of a number knob, if they are few enough to list. @param {import("../lib/wire-types.js").Knob} knob @returns {number[]} */
function knobValues(knob) {
  if (knob.low === null || knob.high === null || knob.high - knob.low > 24) return [];
  return Array.from({ length: knob.high - knob.low + 1 }, (_, step) => /** @type {number} */ (knob.low) + step);
}

/** @param {{app: import("./html.js").App, lane: number, knob: import("../lib/wire-types.js").Knob}} props */
function KnobPick({ app, lane, knob }) {
  const [spec, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.spec, state.audience]));
  const shown = spec?.lanes[lane];
  if (!shown) return null;
  const value = shown.knobs[knob.name];
  const values = knobValues(knob);
  const options = knob.choices.length ? knob.choices : (values.includes(Number(value)) ? values : [Number(value)]).map((number) => [number, numberWords(knob, number)]);
  return html`<${Pick} label=${t("lane.knob", { knob: knob.title, lane: shown.title })} title=${knob.what} shown=${knobShown(knob, value)} value=${value} options=${options} disabled=${!audience.controls}
    onPick=${(/** @type {unknown} */ next) => app.send("turn", { lane, knob: knob.name, value: next })} />`;
}

/** A lane that shows something new: a protocol that is not on the page yet, else one with another way to read, to resolve conflicts ...
 * @param {import("./html.js").App} app */
function addLane(app) {
  const { spec, hello } = app.world.state;
  if (!spec || !hello) return;
  const next = newLane(hello.protocols, spec.lanes);
  compose(app, (lanes) => [...lanes, next]);
}

/** @param {import("../lib/wire-types.js").ProtocolCard[]} protocols @param {Array<{protocol: string, knobs: Record<string, unknown>}>} lanes */
function newLane(protocols, lanes) {
  const asIs = protocols.map(({ name }) => ({ protocol: name, knobs: /** @type {Record<string, unknown>} */ ({}) }));
  const turned = protocols.flatMap(({ name, knobs }) =>
    knobs.flatMap((knob) => knob.choices.filter(([value]) => typeof value !== "boolean" && value !== knob.default).map(([value]) => ({ protocol: name, knobs: { [knob.name]: value } }))));
  /** @param {{protocol: string, knobs: Record<string, unknown>}} lane */
  const isNew = ({ protocol, knobs }) => {
    const card = protocols.find(({ name }) => name === protocol);
    return !lanes.some((lane) => lane.protocol === protocol && card?.knobs.every((knob) => lane.knobs[knob.name] === (knobs[knob.name] ?? knob.default)));
  };
  return [...asIs, ...turned].find(isNew) ?? asIs[0];
}
