/** The whole page, from the bar to the foot. */
import { render } from "preact";
import { callNodes, namesOf } from "../words/names.js";
import { Caption } from "./caption.js";
import { Dialogs } from "./dialogs.js";
import { FollowPage } from "./follow.js";
import { html, useStore } from "./html.js";
import { Lanes } from "./lane.js";
import { StatusLine } from "./status.js";
import { Menu } from "./menu.js";
import { Dot, TalkBar } from "./talk.js";
import { Timeline } from "./timeline.js";
import { Tooltip } from "./tooltip.js";
import { TopBar } from "./topbar.js";
import { Twin } from "./twin.js";
import { VotePanel } from "./vote.js";

/** @param {{app: import("./html.js").App}} props */
function Page({ app }) {
  const [presenting, connected, follow] = useStore(app.ui, (state) => /** @type {const} */ ([state.presenting, state.connected, state.follow]));
  callNodes(useStore(app.world, (state) => namesOf(state.lanes[0]?.nodes)));
  const talking = useStore(app.world, (state) => state.talk.title !== "" || state.talk.beat >= 0);
  if (follow) return html`<div class=${`page follow ${connected ? "" : "lost"}`}><${FollowPage} app=${app} /><${Dialogs} app=${app} /></div>`;
  return html`<div class=${`page ${presenting ? "presenting" : ""} ${connected ? "" : "lost"}`}>
    <${TopBar} app=${app} />
    <main>
      <${Lanes} app=${app} />
      <${Twin} app=${app} />
      <${Caption} app=${app} />
      <${Timeline} app=${app} />
      <${VotePanel} app=${app} />
    </main>
    ${(presenting || talking) && html`<${TalkBar} app=${app} />`}
    ${!presenting && html`<${StatusLine} app=${app} />`}
    <${Dot} app=${app} />
    <${Tooltip} app=${app} />
    <${Menu} app=${app} />
    <${Dialogs} app=${app} />
  </div>`;
}

/** @param {import("./html.js").App} app @param {Element} place */
export function showPage(app, place) {
  render(html`<${Page} app=${app} />`, place);
}
