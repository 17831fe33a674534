/** The line at the foot: the honest badge, whose parts are dials, and the choices of what the picture shows. */
import { LIMITS } from "../lib/wire-types.js";
import { paceAndNote, span } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { linksWords, withKey } from "../words/sentences.js";
import { compose } from "./compose.js";
import { html, useStore } from "./html.js";
import { Pick } from "./pick.js";

const DEADLINES = [50, 100, 150, 200, 300, 500, 800, 1000, 2000, 5000].map((ms) => ms * 1000);

/**
 * The honest badge in words.
 * @param {import("../lib/wire-types.js").Spec} spec
 * @param {import("../lib/wire-types.js").Clock} clock
 */
export function badgeWords(spec, clock) {
  return [
    t("status.simulated"),
    t("status.seedIs", { seed: spec.seed }),
    paceAndNote(clock.speed, spec.link.delay),
    linksWords(spec.link),
    t("status.deadline", { span: span(spec.deadline) }),
  ].join(" · ");
}

/** @param {{app: import("./html.js").App}} props */
export function StatusLine({ app }) {
  const [spec, pace, audience, limits, links] = useStore(app.world, (state) =>
    /** @type {const} */ ([state.spec, state.clock.speed, state.audience, state.hello?.limits, state.lanes[0]?.links]));
  const [view, watchedKey, logs] = useStore(app.ui, (state) => /** @type {const} */ ([state.view, state.watchedKey, state.logs]));
  if (!spec) return null;
  const locked = !audience.controls;
  const low = limits?.nodes_min ?? LIMITS.nodes_min;
  const high = limits?.nodes_max ?? LIMITS.nodes_max;
  const counts = Array.from({ length: high - low + 1 }, (_, step) => low + step);
  const deadlines = DEADLINES.includes(spec.deadline) ? DEADLINES : [...DEADLINES, spec.deadline].sort((a, b) => a - b);
  const base = links?.base ? { delay: links.base[0], jitter: links.base[1] } : spec.link;
  return html`<footer class="status">
    <div class="status-run">
      <span>${t("status.simulated")}</span>
      <${Seed} app=${app} seed=${spec.seed} locked=${locked} />
      <${Pick} label=${t("status.nodesWhat")} title=${t("status.nodesWhat")} shown=${t("status.nodes", { n: spec.nodes.length })} value=${spec.nodes.length} disabled=${locked || spec.veiled}
        options=${counts.map((count) => [count, t("status.nodes", { n: count })])} onPick=${(/** @type {number} */ nodes) => compose(app, (lanes) => lanes, { nodes })} />
      <span>${paceAndNote(pace, base.delay)}</span>
      <button class="quiet" title=${t("status.linksWhat")} onClick=${() => app.ui.update({ dock: { lane: 0, kind: "link", src: "", dst: "" } })}>${linksWords(base)}</button>
      ${links?.adversary && html`<button class="quiet" title=${t("link.adversaryEnd")} disabled=${locked} onClick=${() => app.send("adversary", {})}>${t("status.adversary")}</button>`}
      <${Pick} label=${t("status.deadlineWhat")} title=${t("status.deadlineWhat")} shown=${t("status.deadline", { span: span(spec.deadline) })} value=${spec.deadline} disabled=${locked}
        options=${deadlines.map((us) => [us, span(us)])} onPick=${(/** @type {number} */ deadline) => app.send("deadline", { deadline })} />
    </div>
    <div class="status-look">
      <${Pick} label=${t("status.watchWhat")} title=${withKey(t("status.watchWhat"), "key")} shown=${t("status.watch", { key: watchedKey })} value=${watchedKey}
        options=${spec.keys.map((key) => [key, key])} onPick=${(/** @type {string} */ key) => app.ui.update({ watchedKey: key })} />
      <${Pick} label=${t("status.viewWhat")} title=${withKey(t("status.viewWhat"), "view")} shown=${named("status", view)} value=${view}
        options=${[["god", t("status.god")], ["clients", t("status.clients")]]} onPick=${(/** @type {string} */ next) => next !== view && app.act("view")} />
      <button class="quiet" title=${withKey(t("status.logsWhat"), "logs")} aria-pressed=${logs} onClick=${() => app.act("logs")}>${logs ? t("status.network") : t("status.logs")}</button>
      <button class="quiet" onClick=${() => app.act("help")}>${t("status.legend")}</button>
    </div>
  </footer>`;
}

/** @param {{app: import("./html.js").App, seed: number, locked: boolean}} props */
function Seed({ app, seed, locked }) {
  /** @param {any} event */
  const change = (event) => {
    const next = Number.parseInt(event.currentTarget.value, 10);
    event.currentTarget.value = String(seed);
    event.currentTarget.blur();
    const { spec } = app.world.state;
    if (!spec || !Number.isSafeInteger(next) || next === seed || next < 0 || next > (app.world.state.hello?.limits.seed_max ?? LIMITS.seed_max)) return;
    if (spec.scenario && !spec.composed) app.send("scenario", { name: spec.scenario, seed: next });
    else compose(app, (lanes) => lanes, { seed: next });
  };
  return html`<label class="seed" title=${t("status.seedWhat")}>${t("status.seed")}
    <input type="text" inputmode="numeric" pattern="[0-9]*" size=${String(seed).length} value=${seed} disabled=${locked} onChange=${change} /></label>`;
}
