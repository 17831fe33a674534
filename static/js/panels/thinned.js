/**
 * The messages of one request alone: a chip on each stage says how many of those in flight it shows, and ends it; and the button beside
 * an operation's sentence that begins it.
 */
import { rootOf } from "../stores/lane.js";
import { t } from "../words/index.js";
import { html, useStore } from "./html.js";

/** @param {{app: import("./html.js").App, index: number}} props */
export function Thinned({ app, index }) {
  const only = useStore(app.ui, (state) => state.only);
  const [shown, all] = useStore(app.world, (state) => {
    const flying = only ? [...(state.lanes[index]?.flying.values() ?? [])].filter(({ at }) => at <= state.renderAt) : [];
    return [flying.filter((message) => rootOf(message) === only?.root).length, flying.length];
  });
  if (!only) return null;
  return html`<button class="thinned" aria-label=${t("thinned.end")} title=${t("thinned.end")} onClick=${() => app.follow(null)}>${t("thinned.shown", { shown, all })} <span aria-hidden="true">✕</span></button>`;
}

/** While one operation is lit: goes to its request and shows only the messages that follow from it. @param {{app: import("./html.js").App, index: number}} props */
export function Follow({ app, index }) {
  const lit = useStore(app.ui, (state) => (state.lit?.lane === index && state.lit.operations.length === 1 ? state.lit : null));
  const locked = useStore(app.world, (state) => !state.audience.controls);
  const operation = lit && app.world.state.lanes[index]?.operations.get(String(lit.operations[0]));
  if (!operation) return null;
  const follow = () => {
    app.follow(rootOf({ src: operation.client, at: operation.start }));
    app.send("seek", { at: operation.start });
  };
  return html`<button class="quiet follow-request" disabled=${locked} onClick=${follow}>${t("thinned.follow")}</button>`;
}
