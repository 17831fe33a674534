/** What covers the lanes for a moment: scenarios and protocols to choose from, all keys and marks, a blank screen. */
import { useEffect, useRef, useState } from "preact/hooks";
import { keysByGroup } from "../lib/keys.js";
import { named, t } from "../words/index.js";
import { keyName } from "../words/sentences.js";
import { Catalogue } from "./catalogue.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { Join } from "./join.js";
import { Talks } from "./talks.js";
import { Marked } from "./vote.js";
import { Lines } from "./why.js";

/** @param {{app: import("./html.js").App}} props */
export function Dialogs({ app }) {
  const [dialog, blank, follow] = useStore(app.ui, (state) => /** @type {const} */ ([state.dialog, state.blank, state.follow]));
  const [dark, controls] = useStore(app.world, ({ talk, audience }) => /** @type {const} */ ([talk.blank, audience.controls]));
  if (blank || dark) return html`<div class="blank" role="img" aria-label=${t(controls ? "blank" : "talk.dark")} onClick=${() => (blank ? app.ui.update({ blank: false }) : controls && app.send("blank", { on: false }))}></div>`;
  if (dialog === "scenarios") return html`<${Frame} app=${app} title=${t("scenarios.title")}><${Scenarios} app=${app} /></${Frame}>`;
  if (dialog === "catalogue") return html`<${Frame} app=${app} title=${t("catalogue.title")}><${Catalogue} app=${app} /></${Frame}>`;
  if (dialog === "ask") return html`<${Frame} app=${app} title=${t("audience.ask")}><${Question} app=${app} /></${Frame}>`;
  if (dialog === "lesson") return html`<${Frame} app=${app} title=${t("audience.lesson")}><${Lesson} app=${app} /></${Frame}>`;
  if (dialog === "join") return html`<${Frame} app=${app} title=${t("join.title")}><${Join} app=${app} /></${Frame}>`;
  if (dialog === "help") return html`<${Frame} app=${app} title=${t("help.title")}><${Help} app=${app} /></${Frame}>`;
  if (dialog === "talks") return html`<${Frame} app=${app} title=${t("talk.talks")}><${Talks} app=${app} /></${Frame}>`;
  return follow ? null : html`<${ShownCard} app=${app} />`; // a phone that follows has it in its page
}

/** The question or the lesson that the speaker shows to everybody; while there is a vote, its card is the question. @param {{app: import("./html.js").App}} props */
export function ShownCard({ app }) {
  const [shown, controls, votes] = useStore(app.world, ({ talk, audience, hall }) => /** @type {const} */ ([talk.shown, audience.controls, hall.poll.state !== "off"]));
  return shown && !(shown === "question" && votes) ? html`<${Shown} key=${shown} app=${app} what=${shown} controls=${controls} />` : null;
}

/**
 * It is not modal: keys, player and stage go on working under it.
 * @param {{app: import("./html.js").App, what: string, controls: boolean}} props
 */
function Shown({ app, what, controls }) {
  const [away, putAway] = useState(false); // a watcher may close it for himself
  const title = t(what === "question" ? "audience.ask" : "audience.lesson");
  const close = () => (controls ? app.send("show", { what: "" }) : putAway(true));
  if (away) return null;
  return html`<dialog open class="shown" data-what=${what} aria-label=${title}>
    <div class="dialog-body">
      <header><h2>${title}</h2><button class="round" aria-label=${t("help.close")} title=${keyName("cancel")} onClick=${close}><${Icon} name="close" /></button></header>
      ${what === "question" ? html`<${Question} app=${app} />` : html`<${Lesson} app=${app} />`}
    </div>
  </dialog>`;
}

/** @param {{app: import("./html.js").App, title: string, children?: any}} props */
function Frame({ app, title, children }) {
  const element = useRef(/** @type {HTMLDialogElement|null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    element.current?.showModal();
    return () => {
      if (before !== document.body) before?.focus();
    };
  }, []);
  const close = () => app.ui.update({ dialog: null });
  return html`<dialog ref=${element} aria-label=${title} onClose=${close} onClick=${(/** @type {Event} */ event) => event.target === element.current && close()}>
    <div class="dialog-body">
      <header><h2>${title}</h2><button class="round" aria-label=${t("help.close")} title=${keyName("cancel")} onClick=${close}><${Icon} name="close" /></button></header>
      ${children}
    </div>
  </dialog>`;
}

/** @param {{app: import("./html.js").App}} props */
function Scenarios({ app }) {
  const [hello, spec, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.hello, state.spec, state.audience]));
  const open = (/** @type {string} */ name) => {
    app.ui.update({ dialog: null, dock: null, lit: null, selection: null, invited: false });
    app.send("scenario", { name });
  };
  const titleOf = (/** @type {string} */ name) => hello?.protocols.find((card) => card.name === name)?.title ?? name;
  const titles = (/** @type {string[]} */ lanes) => [...new Set(lanes)].map((name) => {
    const times = lanes.filter((other) => other === name).length;
    return times > 1 ? t("scenarios.on", { protocol: titleOf(name), times }) : titleOf(name);
  }).join(" · ");
  return html`<p class="hint">${t("scenarios.what")}</p>
    ${byLevel(hello?.scenarios ?? []).map(([level, scenarios]) => html`<section key=${level} class="shelf" aria-label=${named("scenarios.levels", level)}>
      <h3>${named("scenarios.levels", level)}</h3>
      <ul class="scenario-list">${scenarios.map((scenario) => html`<li key=${scenario.name}>
        <button disabled=${!audience.controls} aria-current=${spec?.scenario === scenario.name} onClick=${() => open(scenario.name)}>
          <span class="number">${scenario.number}</span>
          <span><b>${scenario.title}</b><small>${scenario.story}</small><small class="on">${titles(scenario.lanes)}</small></span>
        </button></li>`)}</ul>
    </section>`)}`;
}

const GESTURES = ["cut", "oneWay", "alone", "drag", "lasso", "open", "menu", "choose", "zoom"];
const LEVELS = ["B", "I", "A", "E"];

/** From the easiest to the hardest, each level by number. @param {import("../lib/wire-types.js").ScenarioCard[]} scenarios @returns {Array<[string, import("../lib/wire-types.js").ScenarioCard[]]>} */
function byLevel(scenarios) {
  return LEVELS.map((level) => /** @type {[string, import("../lib/wire-types.js").ScenarioCard[]]} */ ([level, scenarios.filter((each) => each.level === level).sort((a, b) => a.number - b.number)]))
    .filter(([, each]) => each.length > 0);
}

/** The scenario's question, for the last row. @param {{app: import("./html.js").App}} props */
function Question({ app }) {
  const ask = useStore(app.world, (state) => state.spec?.ask ?? "");
  return html`<p class="large">${ask}</p>`;
}

/** What the scenario shows, and its expected results for any seed. @param {{app: import("./html.js").App}} props */
function Lesson({ app }) {
  const spec = useStore(app.world, (state) => state.spec);
  return html`<p class="large lesson">${spec?.lesson}</p>
    <${Marked} app=${app} />
    ${(spec?.veiled ? [] : spec?.lanes ?? []).map((lane, index) => html`<div key=${index} class="lesson-why"><h3>${lane.nickname || lane.title}</h3><${Lines} app=${app} index=${index} /></div>`)}
    <h3>${t("audience.mustComeOut")}</h3>
    <ul class="expected">${(spec?.expect ?? []).map((sentence) => html`<li key=${sentence}>${sentence}</li>`)}</ul>`;
}

/** @param {{app: import("./html.js").App}} props */
function Help({ app }) {
  const groups = [...new Set(app.marks.map((mark) => mark.group))];
  return html`<div class="help">
    <div><h3>${t("help.marks")}</h3>
      <div class="marks-help">${groups.map((group) => html`<div key=${group}><h4>${named("groups", group)}</h4>
        <ul class="legend">${app.marks.filter((mark) => mark.group === group).map((mark) => html`<li key=${mark.name}><${MarkPicture} app=${app} name=${mark.name} />${named("marks", mark.name)}</li>`)}</ul>
        ${group === "logs" && html`<h4>${t("help.gestures")}</h4><dl class="gestures">${GESTURES.map((name) => html`<div key=${name}><dt>${named("help.gesture", name)}</dt> <dd>${named("help.gesture", `${name}.what`)}</dd></div>`)}</dl>`}</div>`)}</div>
      <p class="hint">${t("help.strip")} ${t("help.colours")}</p></div>
    <section aria-label=${t("help.keys")} class="keys"><h3>${t("help.keys")}</h3>
      ${keysByGroup().map(([group, keys]) => html`<div key=${group}><h4>${named("keyGroups", group)}</h4><dl>
        ${keys.map((key) => html`<div key=${key.action}><dt><kbd>${keyName(key.action)}</kbd></dt><dd>${named("keys", key.action)}</dd></div>`)}</dl></div>`)}
    </section>
  </div>`;
}

/** @param {{app: import("./html.js").App, name: string}} props */
function MarkPicture({ app, name }) {
  const element = useRef(/** @type {HTMLCanvasElement|null} */ (null));
  useEffect(() => {
    const painting = requestAnimationFrame(() => {
      const canvas = element.current;
      const context = canvas?.getContext("2d");
      if (!canvas || !context) return;
      const ratio = devicePixelRatio || 1;
      const size = canvas.clientWidth; // 0 until the dialog is shown, which happens after this effect
      canvas.width = Math.round(size * ratio);
      canvas.height = Math.round(size * ratio);
      context.scale(ratio, ratio);
      app.paintMark(context, name, size / 2, size / 2, size * 0.8, app.ui.state.colours);
    });
    return () => cancelAnimationFrame(painting);
  }, [name]);
  return html`<canvas class="mark-picture" ref=${element} aria-hidden="true"></canvas>`;
}
