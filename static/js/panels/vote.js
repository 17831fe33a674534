/**
 * The vote on the scenario's question, over the lanes: the question, its answers as buttons while the vote is open, then as bars, and who
 * was right. On a phone it is a card of the page that one follows (follow.js).
 */
import { useEffect } from "preact/hooks";
import { cardOf, hasBars, isMarked, shares } from "../stores/hall.js";
import { t } from "../words/index.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";

/** The card over the lanes; it goes when time goes on, and comes back when it has something else to show. @param {{app: import("./html.js").App}} props */
export function VotePanel({ app }) {
  const [poll, playing, viewers] = useStore(app.world, (state) => /** @type {const} */ ([state.hall.poll, state.clock.playing, state.audience.viewers]));
  const shut = useStore(app.ui, (state) => state.voteShut);
  const card = cardOf(poll, viewers);
  const shown = card !== "" && card !== shut;
  useEffect(() => {
    app.ui.update({ voteShown: shown ? card : "" });
  }, [shown, card]);
  useEffect(() => {
    if (playing && !isMarked(poll, viewers)) app.ui.update({ voteShut: card });
  }, [playing]);
  if (!shown) return null;
  return html`<section class="vote" role="dialog" aria-label=${t("audience.ask")}>
    <${Vote} app=${app} />
    <button class="round vote-close" aria-label=${t("vote.hide")} title=${t("vote.hide")} onClick=${() => app.ui.update({ voteShut: card })}><${Icon} name="close" /></button>
  </section>`;
}

/** Shows the card again, or opens a vote if this page may. @param {import("./html.js").App} app */
export function openVote(app) {
  const { hall, audience, spec } = app.world.state;
  if (hall.poll.state !== "off") app.ui.update({ voteShut: "" });
  else if (audience.controls && spec && spec.answers.length > 0) app.send("poll", { state: "open" });
  else if (audience.controls) app.act("question");
  else app.ui.update({ dialog: "ask" });
}

/** The question, its answers, and what one can do. @param {{app: import("./html.js").App}} props */
export function Vote({ app }) {
  const [spec, hall, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.spec, state.hall, state.audience]));
  if (!spec || spec.answers.length === 0) return null;
  const { poll, mine } = hall;
  const marked = isMarked(poll, audience.viewers);
  const bars = hasBars(poll);
  const parts = shares(poll.counts);
  return html`<h2>${spec.ask}</h2>
    <ol class="answers" data-state=${poll.state}>
      ${spec.answers.map((sentence, number) => html`<li key=${number} class=${marked ? (poll.right[number] ? "is-right" : "is-wrong") : ""}>
        <button class="answer" disabled=${poll.state !== "open"} aria-pressed=${mine.answer === number} onClick=${() => void vote(app, number)}>
          ${bars && html`<span class="bar-of-votes" style=${{ width: `${parts[number]}%` }}></span>`}
          <span class="answer-text">${sentence}</span>
          ${marked && poll.right[number] && html`<span class="answer-right"><${Icon} name="ok" />${t("vote.right")}</span>`}
          ${bars && html`<span class="answer-count">${t("vote.count", { n: poll.counts[number], share: parts[number] })}</span>`}
        </button>
      </li>`)}
    </ol>
    <p class="vote-line" role="status">${lineOf(hall, audience.viewers)}</p>
    ${audience.controls && html`<${Conduct} app=${app} />`}`;
}

/** @param {import("../stores/hall.js").Hall} hall @param {number} viewers */
function lineOf({ poll, mine }, viewers) {
  if (isMarked(poll, viewers)) return mine.answer < 0 ? t("vote.measured") : poll.right[mine.answer] ? t("vote.youWereRight") : t("vote.youWereNot");
  if (poll.state === "open" && viewers <= 1) return mine.answer < 0 ? t("vote.alone") : t("vote.aloneChosen");
  if (poll.state === "open" && poll.votes !== null) return t("vote.votes", { n: poll.votes });
  if (poll.state === "open") return mine.answer < 0 ? t("vote.choose") : t("vote.chosen");
  if (poll.votes !== null) return t("vote.closedVotes", { n: poll.votes });
  return t("vote.closed");
}

/** The next step, large, for whoever holds the controls. @param {{app: import("./html.js").App}} props */
function Conduct({ app }) {
  const [hall, viewers] = useStore(app.world, (state) => /** @type {const} */ ([state.hall, state.audience.viewers]));
  const { poll } = hall;
  const step = (/** @type {string} */ state) => () => void app.send("poll", { state });
  const play = () => void app.send("play");
  const marked = isMarked(poll, viewers);
  return html`<p class="vote-steps">
    ${poll.state === "open" && viewers > 1 && html`<button class="solid" onClick=${step("closed")}>${t("vote.close")}</button>`}
    ${poll.state === "closed" && html`<button class="solid" onClick=${step("shown")}>${t("vote.show")}</button><button class="quiet" onClick=${step("open")}>${t("vote.reopen")}</button>`}
    ${!marked && (poll.state === "shown" || (poll.state === "open" && viewers <= 1)) && html`<button class="solid" onClick=${play}>${t("time.play")}</button>`}
    ${!marked && (poll.state === "shown" || (poll.state === "open" && viewers <= 1)) && html`<button class="quiet" onClick=${step("right")}>${t("vote.whoWasRight")}</button>`}
    ${marked && html`<button class="solid" onClick=${step("off")}>${t("vote.end")}</button>`}
  </p>`;
}

/** @param {import("./html.js").App} app @param {number} answer */
async function vote(app, answer) {
  const done = await app.send("vote", { answer });
  if (done.ok) app.mine(/** @type {any} */ (done).mine);
}
