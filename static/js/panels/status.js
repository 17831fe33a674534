/** The line at the foot: the honest badge, whose parts are dials, and what the picture shows. */
import { words } from "../lib/words.js";
import { compose } from "./compose.js";
import { html, useStore } from "./html.js";
import { Pick } from "./pick.js";

const DEADLINES = [50, 100, 150, 200, 300, 500, 800, 1000, 2000, 5000].map((ms) => ms * 1000);
const SEED_MAX = 2 ** 31 - 1; // when the server does not say

/**
 * The honest badge in words.
 * @param {import("../lib/wire-types.js").Spec} spec
 * @param {import("../lib/wire-types.js").Clock} clock
 */
export function badgeWords(spec, clock) {
  return words.status.badge([
    words.status.simulated,
    `${words.status.seed} ${spec.seed}`,
    words.status.speed(words.speed(clock.speed)),
    words.status.links(spec.link),
    words.status.deadline(spec.deadline),
  ]);
}

/** @param {{app: import("./html.js").App}} props */
export function StatusLine({ app }) {
  const [spec, speed, audience, limits, links] = useStore(app.world, (state) =>
    /** @type {const} */ ([state.spec, state.clock.speed, state.audience, state.hello?.limits, state.lanes[0]?.links]));
  const [view, watchedKey] = useStore(app.ui, (state) => /** @type {const} */ ([state.view, state.watchedKey]));
  if (!spec) return null;
  const locked = !audience.controls;
  const low = limits?.nodes_min ?? 3;
  const high = limits?.nodes_max ?? 25;
  const counts = Array.from({ length: high - low + 1 }, (_, step) => low + step);
  const deadlines = DEADLINES.includes(spec.deadline) ? DEADLINES : [...DEADLINES, spec.deadline].sort((a, b) => a - b);
  const base = links?.base ? { delay: links.base[0], jitter: links.base[1] } : spec.link;
  return html`<footer class="status">
    <div class="status-run">
      <span>${words.status.simulated}</span>
      <${Seed} app=${app} seed=${spec.seed} locked=${locked} />
      <${Pick} label=${words.status.nodesWhat} title=${words.status.nodesWhat} shown=${words.status.nodes(spec.nodes.length)} value=${spec.nodes.length} disabled=${locked || spec.veiled}
        options=${counts.map((count) => [count, words.status.nodes(count)])} onPick=${(/** @type {number} */ nodes) => compose(app, (lanes) => lanes, { nodes })} />
      <span>${words.status.speed(words.speed(speed))}</span>
      <button class="quiet" title=${words.status.linksWhat} onClick=${() => app.ui.update({ dock: { lane: 0, kind: "link", src: "", dst: "" } })}>${words.status.links(base)}</button>
      ${links?.adversary && html`<button class="quiet" title=${words.link.adversaryEnd} disabled=${locked} onClick=${() => app.send("adversary", {})}>${words.status.adversary}</button>`}
      <${Pick} label=${words.status.deadlineWhat} title=${words.status.deadlineWhat} shown=${words.status.deadline(spec.deadline)} value=${spec.deadline} disabled=${locked}
        options=${deadlines.map((us) => [us, words.span(us)])} onPick=${(/** @type {number} */ deadline) => app.send("deadline", { deadline })} />
    </div>
    <div class="status-look">
      <${Pick} label=${words.status.watchWhat} title=${`${words.status.watchWhat} (K)`} shown=${words.status.watch(watchedKey)} value=${watchedKey}
        options=${spec.keys.map((key) => [key, key])} onPick=${(/** @type {string} */ key) => app.ui.update({ watchedKey: key })} />
      <${Pick} label=${words.status.viewWhat} title=${`${words.status.viewWhat} (G)`} shown=${words.status[view]} value=${view}
        options=${[["god", words.status.god], ["clients", words.status.clients]]} onPick=${(/** @type {string} */ next) => next !== view && app.act("view")} />
      <button class="quiet" onClick=${() => app.act("help")}>${words.status.legend}</button>
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
    if (!spec || !Number.isSafeInteger(next) || next === seed || next < 0 || next > (app.world.state.hello?.limits.seed_max ?? SEED_MAX)) return;
    if (spec.scenario && !spec.composed) app.send("scenario", { name: spec.scenario, seed: next });
    else compose(app, (lanes) => lanes, { seed: next });
  };
  return html`<label class="seed" title=${words.status.seedWhat}>${words.status.seed}
    <input type="text" inputmode="numeric" pattern="[0-9]*" size=${String(seed).length} value=${seed} disabled=${locked} onChange=${change} /></label>`;
}
