/** The bar above the lanes: scenario, tools, undo, and the controls of the whole page. In presenting mode only the title and the honest badge. */
import { say } from "../stores/ui.js";
import { named, t } from "../words/index.js";
import { keyName, withKey } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { SeatsSwitch } from "./seat.js";
import { badgeWords } from "./status.js";

const TOOLS = /** @type {const} */ (["move", "cut", "lasso", "heal"]);

/** @param {{app: import("./html.js").App}} props */
export function TopBar({ app }) {
  const { world, ui } = app;
  const [spec, clock] = useStore(world, (state) => /** @type {const} */ ([state.spec, state.clock]));
  const presenting = useStore(ui, (state) => state.presenting);
  const brand = html`<h1 class="brand"><b>CAP</b>scope</h1>`;
  if (presenting) {
    return html`<header class="bar presenting">
      ${brand}<span class="bar-title">${spec?.title}</span>
      <span class="badge">${spec && badgeWords(spec, clock)}</span>
      <span class="bar-ends">
        <${Asking} app=${app} />
        <${TakeBack} app=${app} />
        <button class="quiet" onClick=${() => app.act("present")}>${t("bar.presentEnd")}<kbd>P</kbd></button>
      </span>
    </header>`;
  }
  return html`<header class="bar">
    ${brand}
    <button class="scenario-pick" aria-haspopup="dialog" title=${t("bar.scenario")} onClick=${() => ui.update({ dialog: "scenarios" })}>
      <span>${spec?.title ?? ""}</span><span class="caret" aria-hidden="true">▾</span>
    </button>
    <${Tools} app=${app} />
    <${Actions} app=${app} />
  </header>`;
}

/** @param {{app: import("./html.js").App}} props */
function Tools({ app }) {
  const tool = useStore(app.ui, (state) => state.tool);
  const audience = useStore(app.world, (state) => state.audience);
  const waiting = useStore(app.world, (state) => state.waiting);
  if (!audience.controls && !waiting) {
    return html`<div class="tools watching">
      <span>${audience.owner ? t("owner.handed") : named("watcher", audience.holder)}</span>
      ${audience.owner
        ? html`<${TakeBack} app=${app} />`
        : audience.holder !== "nobody" && html`<button class="quiet" title=${t("watcher.askWhat")} onClick=${() => askControls(app)}>${t("watcher.ask")}</button>`}
    </div>`;
  }
  return html`<div class="tools" role="group" aria-label=${t("toolsLabel")}>
    ${TOOLS.map(
      (name) => html`<button key=${name} class="tool" aria-pressed=${tool === name} onClick=${() => app.act(name)}>
        ${named("tools", name)}<kbd aria-hidden="true">${keyName(name)}</kbd>
      </button>`,
    )}
  </div>`;
}

/** For the owner, while another visitor has the controls. @param {{app: Pick<import("./html.js").App, "world"|"send">}} props */
export function TakeBack({ app }) {
  const handed = useStore(app.world, ({ audience }) => audience.owner && !audience.controls);
  return handed ? html`<button class="solid" onClick=${() => app.send("take")}>${t("owner.take")}</button>` : null;
}

/** @param {import("./html.js").App} app */
export async function askControls(app) {
  const answer = await app.send("ask_controls");
  if (answer.ok) say(app.ui, t("watcher.asked", { number: Number(/** @type {any} */ (answer).number) }));
}

/** Who asks for the controls, for the owner; and for who was handed them, the way back. @param {{app: Pick<import("./html.js").App, "world"|"send">}} props */
export function Asking({ app }) {
  const audience = useStore(app.world, (state) => state.audience);
  const [first, ...others] = audience.asking;
  if (audience.controls && !audience.owner && !audience.open) {
    return html`<button class="quiet" onClick=${() => app.send("release")}>${t("watcher.release")}</button>`;
  }
  if (first === undefined) return null;
  return html`<span class="asking" role="group" aria-label=${t("owner.asking")}>
    <span>${t("owner.asks", { number: first })}${others.length > 0 && ` +${others.length}`}</span>
    <button class="solid" onClick=${() => app.send("hand", { visitor: first })}>${t("owner.hand")}</button>
    <button class="quiet" onClick=${() => app.send("decline", { visitor: first })}>${t("owner.decline")}</button>
  </span>`;
}

/** @param {{app: import("./html.js").App}} props */
function Actions({ app }) {
  const { ui, world } = app;
  const [undo, audience] = useStore(world, (state) => /** @type {const} */ ([state.undo, state.audience]));
  const [theme, twin] = useStore(ui, (state) => /** @type {const} */ ([state.theme, state.twin]));
  const crowded = audience.asking.length > 0 || (audience.controls && !audience.owner && !audience.open); // the bar has no room for all
  const undoWords = undo ? t("bar.undoWhat", { what: undo }) : t("bar.nothingToUndo");
  return html`<div class="actions">
    <${Asking} app=${app} />
    ${audience.viewers > 1 && !crowded && html`<span class="viewers">${t("bar.viewers", { n: audience.viewers })}</span>`}
    <${SeatsSwitch} app=${app} />
    <button class="round" aria-label=${undoWords} title=${withKey(undoWords, "undo")} disabled=${!undo || !audience.controls} onClick=${() => app.act("undo")}>
      <${Icon} name="undo" />
    </button>
    <button class="round" aria-label=${t("bar.listsWhat")} title=${withKey(t("bar.listsWhat"), "twin")} aria-pressed=${twin} onClick=${() => app.act("twin")}>
      <${Icon} name="list" />
    </button>
    <button class="round" aria-label=${named("bar.theme", theme)} title=${withKey(named("bar.theme", theme), "theme")} onClick=${() => app.act("theme")}>
      <${Icon} name=${theme} />
    </button>
    <button class="quiet" title=${withKey(t("bar.joinWhat"), "join")} onClick=${() => app.act("join")}>${t("bar.join")}</button>
    ${!crowded && html`<button class="quiet" title=${t("bar.shareWhat")} onClick=${() => app.act("share")}>${t("bar.share")}</button>`}
    ${audience.asking.length === 0 && html`<button class="quiet wide-only" onClick=${() => app.act("present")}>${t("bar.present")}</button>`}
    <button class="quiet dim" aria-label=${t("bar.help")} title=${withKey(t("bar.help"), "help")} onClick=${() => app.act("help")}>?</button>
  </div>`;
}
