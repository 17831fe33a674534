/** A phone as a client: its seat in the room of nodes, Read and Write, and what became of its requests in each lane. */
import { fateOf, requestsOf } from "../stores/seat.js";
import { say } from "../stores/ui.js";
import { valueWords } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { html, useStore } from "./html.js";
import { cardsOf } from "./node_actions.js";

/** @param {{app: import("./html.js").App}} props */
export function SeatPanel({ app }) {
  const hall = useStore(app.world, (state) => state.hall);
  if (!hall.seats.open) return null;
  if (!hall.mine.client) {
    return html`<section class="seat" aria-label=${t("seat.label")}><button class="solid seat-take" onClick=${() => void sit(app)}>${t("seat.take")}</button></section>`;
  }
  return html`<section class="seat" aria-label=${t("seat.label")}>
    <p class="seat-place"><b>${t("seat.place", { client: hall.mine.client, node: hall.mine.node })}</b><button class="quiet" onClick=${() => void stand(app)}>${t("seat.stand")}</button></p>
    <${Buttons} app=${app} />
    <${Requests} app=${app} client=${hall.mine.client} />
  </section>`;
}

/** @param {{app: import("./html.js").App}} props */
function Buttons({ app }) {
  const spec = useStore(app.world, (state) => state.spec);
  const watched = useStore(app.ui, (state) => state.watchedKey);
  const ask = (/** @type {string} */ kind) => () => void app.send("do", { kind, key: watched });
  return html`<div class="seat-buttons">
    <button class="solid" onClick=${ask("read")}>${t("seat.read", { key: watched })}</button>
    <button class="solid" onClick=${ask("write")}>${t("seat.write", { key: watched })}</button>
    ${spec && spec.keys.length > 1 && html`<div class="seat-keys" role="group" aria-label=${t("seat.keys")}>${spec.keys.map((key) => html`<button key=${key} aria-pressed=${key === watched} onClick=${() => app.ui.update({ watchedKey: key })}>${key}</button>`)}</div>`}
  </div>`;
}

/** @param {{app: import("./html.js").App, client: string}} props */
function Requests({ app, client }) {
  const lanes = useStore(app.world, (state) => state.spec?.lanes ?? []);
  useStore(app.world, (state) => state.lanes.map((_, index) => requestsOf([state.lanes[index]], client).map((each) => `${each.id} ${fateOf(each.lanes[0])}`).join()).join(";"));
  const requests = requestsOf(app.world.state.lanes, client);
  if (requests.length === 0) return html`<p class="seat-hint">${t("seat.hint")}</p>`;
  return html`<ol class="seat-requests" aria-live="polite">${requests.map((request) => html`<li key=${request.id}>
    <b>${request.kind === "read" ? t("seat.didRead", { key: request.key }) : t("seat.didWrite", { key: request.key, value: request.value })}</b>
    ${request.lanes.map((operation, index) => html`<p key=${index} class="seat-fate" data-fate=${fateOf(operation)}><span>${lanes[index]?.nickname || lanes[index]?.title}</span> <span>${fateWords(app, index, operation)}</span></p>`)}
  </li>`)}</ol>`;
}

/** @param {import("./html.js").App} app @param {number} index @param {import("../lib/wire-types.js").Operation|undefined} operation */
function fateWords(app, index, operation) {
  const fate = fateOf(operation);
  if (!operation || fate === "pending" || fate === "none") return named("seat.fate", fate);
  const read = operation.kind === "read" && operation.outcome === "ok" && operation.result.length > 0;
  const value = read ? valueWords(operation.result, cardsOf(app.world.state, index)[0]?.object ?? "register") : "";
  const words = named("seat.fate", fate);
  return read ? t("seat.answer", { value, words }) : words;
}

/** Opens and closes the seats, for who holds the controls. @param {{app: Pick<import("./html.js").App, "world"|"send">}} props */
export function SeatsSwitch({ app }) {
  const [seats, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.hall.seats, state.audience]));
  if (!audience.controls || (audience.viewers <= 1 && !seats.open)) return null;
  const taken = Object.values(seats.taken).reduce((sum, count) => sum + count, 0);
  return html`<button class="quiet seats-switch" aria-pressed=${seats.open} title=${t("hall.seatsWhat")} onClick=${() => app.send("seats", { open: !seats.open })}>${seats.open ? t("hall.seatsTaken", { n: taken }) : t("hall.seats")}</button>`;
}

/** @param {import("./html.js").App} app */
async function sit(app) {
  const done = await app.send("sit");
  if (!done.ok) return;
  const mine = /** @type {any} */ (done).mine;
  app.mine(mine);
  say(app.ui, t("seat.taken", { client: mine.client, node: mine.node }));
}

/** @param {import("./html.js").App} app */
async function stand(app) {
  const done = await app.send("stand");
  if (done.ok) app.mine(/** @type {any} */ (done).mine);
}
