/** The place of a lane's open card: over its stage, away from what it is about, and never over the lane's words and strip. */
import { useEffect, useRef } from "preact/hooks";
import { t } from "../words/index.js";
import { keyName } from "../words/sentences.js";
import { Details } from "./details.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";
import { KnobsCard } from "./knobs_card.js";
import { LinkCard } from "./link_card.js";
import { NodeCard } from "./node_card.js";

/** @param {{app: import("./html.js").App, index: number}} props */
export function Dock({ app, index }) {
  const dock = useStore(app.ui, (state) => (state.dock && state.dock.lane === index ? state.dock : null));
  const spec = useStore(app.world, (state) => state.spec);
  const element = useRef(/** @type {HTMLElement|null} */ (null));
  const opened = dock && JSON.stringify(dock);
  useEffect(() => {
    if (!opened || !element.current) return undefined;
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    const field = dock?.rename && /** @type {HTMLInputElement|null} */ (element.current.querySelector(".rename input"));
    (field || element.current).focus({ preventScroll: false });
    return () => {
      if (before?.isConnected) before.focus();
    };
  }, [opened]);
  if (!dock || !spec) return null;
  const lane = spec.lanes[index];
  const { title, body } = content(app, dock, lane.title);
  return html`<div class=${`dock ${dock.kind}-dock ${dock.left ? "left" : ""}`} ref=${element} tabindex="-1" role="dialog" aria-label=${title}>
    <header><h3>${title}</h3>
      <button class="round small" aria-label=${t("card.close")} title=${keyName("cancel")} onClick=${() => app.ui.update({ dock: null })}><${Icon} name="close" /></button>
    </header>
    ${body}
  </div>`;
}

/**
 * @param {import("./html.js").App} app
 * @param {import("../stores/ui.js").Dock} dock
 * @param {string} lane
 */
function content(app, dock, lane) {
  switch (dock.kind) {
    case "node":
      return { title: t("card.nodeIn", { id: dock.id, lane }), body: html`<${NodeCard} key=${dock.id} app=${app} lane=${dock.lane} id=${dock.id} />` };
    case "link":
      return {
        title: dock.src ? t("link.title", { a: dock.src, b: dock.dst }) : t("link.all"),
        body: html`<${LinkCard} key=${dock.src + dock.dst} app=${app} lane=${dock.lane} src=${dock.src} dst=${dock.dst} />`,
      };
    case "knobs":
      return { title: t("knobs.title", { lane }), body: html`<${KnobsCard} app=${app} lane=${dock.lane} />` };
    default:
      return { title: t("details.title", { lane }), body: html`<${Details} app=${app} lane=${dock.lane} />` };
  }
}
