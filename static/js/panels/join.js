/** How others join: a QR code and a short address as large as the hall needs; for the owner, a second device and who may act. */
import { useEffect, useState } from "preact/hooks";
import { say } from "../stores/ui.js";
import { t } from "../words/index.js";
import { html, useStore } from "./html.js";

const START = "HOST=0.0.0.0 make run";

/** @param {{app: import("./html.js").App}} props */
export function Join({ app }) {
  const [session, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.hello?.session ?? "", state.audience]));
  const [addresses, setAddresses] = useState(/** @type {string[]|null} */ (null));
  const [chosen, choose] = useState(0);
  useEffect(() => {
    if (session) app.joining(session).then(setAddresses);
  }, [session]);
  if (!addresses) return html`<p class="hint">${t("join.looking")}</p>`;
  const address = addresses[chosen] ?? "";
  const at = address.replace(/\/j\/[a-z]+$/, "");
  return html`<div class="join">
    ${address ? html`<${Code} session=${session} address=${address} at=${at} />` : html`<${NotReached} />`}
    <div class="join-more">
      ${addresses.length > 1 && html`<div class="join-choice" role="group" aria-label=${t("join.others")}>${addresses.map((each, place) => html`<button key=${each} class="quiet" aria-pressed=${place === chosen} onClick=${() => choose(place)}>${shown(each)}</button>`)}</div>`}
      ${audience.owner && html`<${Owner} app=${app} session=${session} at=${at} open=${audience.open} />`}
    </div>
  </div>`;
}

/** @param {string} address without its scheme: browsers add it */
const shown = (address) => address.replace(/^http:\/\//, "");

/** @param {{session: string, address: string, at: string}} props */
function Code({ session, address, at }) {
  const host = shown(at);
  return html`<img class="qr" src=${`/s/${session}/join.svg?at=${encodeURIComponent(at)}`} alt=${t("join.code", { address: shown(address) })} />
    <div class="join-words">
      <p>${t("join.scan")}</p>
      <p class="join-address"><span>${host}</span><wbr /><span>${address.slice(at.length)}</span></p>
    </div>`;
}

function NotReached() {
  return html`<div class="join-words">
    <p class="join-address">${t("join.alone")}</p>
    <p>${t("join.start")}</p>
    <p><code>${START}</code></p>
  </div>`;
}

/** @param {import("./html.js").App} app @param {string} session @param {string} at */
async function copyLink(app, session, at) {
  try {
    const link = await app.ownerLink(session, at);
    if (!link) throw new Error("no link");
    await navigator.clipboard.writeText(link);
    say(app.ui, t("join.copied"));
  } catch {
    say(app.ui, t("join.notCopied"), false); // no cookie, or no clipboard on a plain http address
  }
}

/** Only the owner sees this; the secret code appears only when it is asked for. @param {{app: import("./html.js").App, session: string, at: string, open: boolean}} props */
function Owner({ app, session, at, open }) {
  const [secret, show] = useState(false);
  useEffect(() => show(false), [at]);
  return html`<section class="join-owner" aria-label=${t("join.owner")}>
    <label><input type="checkbox" checked=${open} onChange=${(/** @type {any} */ event) => app.send("open_to_all", { open: event.currentTarget.checked })} /> ${t("join.open")}</label>
    ${at && html`<button class="quiet" aria-expanded=${secret} onClick=${() => show(!secret)}>${secret ? t("join.hide") : t("join.second")}</button>`}
    ${secret && html`<div class="join-secret"><img class="qr" src=${`/s/${session}/owner.svg?at=${encodeURIComponent(at)}`} alt=${t("join.secondCode")} />
      <div><p>${t("join.onlyYou")}</p><button class="quiet" onClick=${() => copyLink(app, session, at)}>${t("join.copy")}</button></div></div>`}
  </section>`;
}
