/** The list of talks: the scenes of the one that is open, the bundled ones, and a tray in which a visitor composes one. */
import { MESSAGE_MAX, plainTalk, readTalk } from "../lib/talk.js";
import { t } from "../words/index.js";
import { html, useStore } from "./html.js";

/** @typedef {import("../lib/talk.js").Tray} Tray */

/** @param {{app: import("./html.js").App}} props */
export function Talks({ app }) {
  const [talk, hello, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.talk, state.hello, state.audience]));
  const close = () => app.ui.update({ dialog: null, dock: null, lit: null, selection: null, invited: false });
  const send = (/** @type {string} */ type, /** @type {Record<string, unknown>} */ fields) => {
    close();
    app.send(type, fields);
  };
  const locked = !audience.controls;
  return html`${talk.title && html`<section class="shelf" aria-label=${talk.title}><h3>${talk.title}</h3>
      <ol class="scene-list">${talk.scenes.map((scene, index) => html`<li key=${index}>
        <button disabled=${locked} aria-current=${index === talk.scene} onClick=${() => send("scene", { number: index })}>${t("talk.sceneRow", { n: index + 1, title: scene.title, minutes: scene.minutes })}</button></li>`)}</ol>
      <button class="quiet" disabled=${locked} onClick=${() => send("talk", { name: "" })}>${t("talk.close")}</button></section>`}
    <section class="shelf" aria-label=${t("talk.bundled")}><h3>${t("talk.bundled")}</h3>
      <ul class="talk-list">${(hello?.talks ?? []).map((each) => html`<li key=${each.name}>
        <button disabled=${locked} onClick=${() => send("talk", { name: each.name })}><b>${each.title}</b><small>${each.what}</small>
          <small>${t("talk.size", { n: each.scenes.length, minutes: each.minutes })}</small></button></li>`)}</ul></section>
    <${Composer} app=${app} close=${close} locked=${locked} />`;
}

/** @param {{app: import("./html.js").App, close: () => void, locked: boolean}} props */
function Composer({ app, close, locked }) {
  const tray = useStore(app.ui, (state) => state.tray);
  const scenarios = useStore(app.world, (state) => state.hello?.scenarios ?? []);
  const put = (/** @type {Partial<Tray>} */ patch) => app.ui.update({ tray: { ...tray, ...patch } });
  const scene = (/** @type {number} */ index, /** @type {Partial<Tray["scenes"][0]>} */ patch) => put({ scenes: tray.scenes.with(index, { ...tray.scenes[index], ...patch }) });
  const move = (/** @type {number} */ index, /** @type {number} */ by) => {
    const scenes = [...tray.scenes];
    scenes.splice(index + by, 0, ...scenes.splice(index, 1));
    put({ scenes });
  };
  const titleOf = (/** @type {string} */ name) => scenarios.find((each) => each.name === name)?.title ?? name;
  const minutes = Math.round(10 * tray.scenes.reduce((sum, each) => sum + each.minutes, 0)) / 10;
  const start = async (/** @type {Tray} */ wanted) => {
    const talk = plainTalk(wanted, t("talk.mine"));
    if (new TextEncoder().encode(JSON.stringify(talk)).length > MESSAGE_MAX) return void put({ sentence: t("talk.tooLong") });
    const answer = await app.send("compose_talk", { talk });
    if (answer.ok) close();
    else app.ui.update({ tray: { ...wanted, sentence: answer.sentence } });
  };
  const open = async (/** @type {any} */ event) => {
    const [file] = event.currentTarget.files;
    if (!file) return;
    const found = readTalk(await file.text());
    if (found) await start(found);
    else put({ sentence: t("talk.notAFile") });
  };
  return html`<section class="shelf tray" aria-label=${t("talk.compose")}><h3>${t("talk.compose")}</h3>
    <p class="hint">${t("talk.composeWhat")}</p>
    <label>${t("talk.title")} <input value=${tray.title} maxlength="100" placeholder=${t("talk.mine")} onInput=${(/** @type {any} */ event) => put({ title: event.currentTarget.value })} /></label>
    <ol>${tray.scenes.map((each, index) => html`<li key=${index}>
      <div class="tray-row"><b>${titleOf(each.scenario)}</b>
        <label>${t("talk.minutes")} <input type="number" min="0.5" max="240" step="0.5" value=${each.minutes} onInput=${(/** @type {any} */ event) => scene(index, { minutes: Number(event.currentTarget.value) || 1 })} /></label>
        <button class="quiet" aria-label=${t("talk.up", { title: titleOf(each.scenario) })} disabled=${index === 0} onClick=${() => move(index, -1)}>↑</button>
        <button class="quiet" aria-label=${t("talk.down", { title: titleOf(each.scenario) })} disabled=${index === tray.scenes.length - 1} onClick=${() => move(index, 1)}>↓</button>
        <button class="quiet" aria-label=${t("talk.remove", { title: titleOf(each.scenario) })} onClick=${() => put({ scenes: tray.scenes.filter((_, place) => place !== index) })}>×</button></div>
      <textarea aria-label=${t("talk.notesOf", { title: titleOf(each.scenario) })} rows="3" maxlength="4000" placeholder=${t("talk.notesHint")} value=${each.notes} onInput=${(/** @type {any} */ event) => scene(index, { notes: event.currentTarget.value })}></textarea>
    </li>`)}</ol>
    <label>${t("talk.add")} <select value="" onChange=${(/** @type {any} */ event) => {
      if (event.currentTarget.value) put({ scenes: [...tray.scenes, { scenario: event.currentTarget.value, minutes: 2, notes: "" }] });
      event.currentTarget.value = "";
    }}><option value="">${t("talk.choose")}</option>${scenarios.map(({ name, number, title, seconds }) => html`<option key=${name} value=${name}>${t("talk.option", { number, title, seconds })}</option>`)}</select></label>
    ${tray.sentence && html`<p class="alarm" role="alert">${tray.sentence}</p>`}
    <footer class="tray-row">
      <button class="solid" disabled=${locked || tray.scenes.length === 0} onClick=${() => start(tray)}>${t("talk.start")}</button>
      <button disabled=${tray.scenes.length === 0} onClick=${() => save(plainTalk(tray, t("talk.mine")))}>${t("talk.save")}</button>
      <label class="file">${t("talk.open")} <input type="file" accept="application/json,.json" disabled=${locked} onChange=${open} /></label>
      <span>${t("talk.size", { n: tray.scenes.length, minutes })}</span>
    </footer>
    ${tray.scenes.length > 0 && html`<p class="hint">${t("talk.address", { address: `${location.origin}/?talk=${tray.scenes.map((each) => each.scenario).join(",")}` })}</p>`}
  </section>`;
}

/** Hands the talk to the visitor as a file. @param {{title: string}} talk */
function save(talk) {
  const address = URL.createObjectURL(new Blob([`${JSON.stringify(talk, null, 2)}\n`], { type: "application/json" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: `${talk.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "talk"}.json` });
  link.click();
  URL.revokeObjectURL(address);
}
