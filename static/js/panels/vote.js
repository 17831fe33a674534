/**
 * The vote on the scenario's question, over the lanes: the question, its answers as buttons while the vote is open, then as bars, and who
 * was right. On a phone it is a card of the page that one follows (follow.js). The lesson has the marks (dialogs.js), and the speaker's
 * view has the counts before the hall sees them (speaker.js).
 */
import { useEffect, useLayoutEffect } from "preact/hooks";
import { cardOf, hasBars, isMarked, isPast, shares } from "../stores/hall.js";
import { t } from "../words/index.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";

/** The card over the lanes; it goes when time goes on, and comes back when it has something else to show. @param {{app: import("./html.js").App}} props */
export function VotePanel({ app }) {
  const [poll, playing, viewers, talk, controls] = useStore(app.world, ({ hall, clock, audience, talk }) => /** @type {const} */ ([hall.poll, clock.playing, audience.viewers, talk, audience.controls]));
  const shut = useStore(app.ui, (state) => state.voteShut);
  const card = cardOf(poll, viewers);
  const asked = talk.shown === "question"; // the speaker shows it, so it stays
  const shown = card !== "" && (asked || card !== shut) && talk.shown !== "lesson"; // which has the marks itself
  useEffect(() => {
    app.ui.update({ voteShown: shown ? card : "" });
  }, [shown, card]);
  useLayoutEffect(() => {
    if (talk.shown === "lesson" || isPast(poll, talk) || (playing && !isMarked(poll, viewers))) app.ui.update({ voteShut: card });
  }, [playing, talk.shown, talk.beat, talk.under_way]);
  if (!shown) return null;
  const hide = () => {
    app.ui.update({ voteShut: card });
    if (asked && controls) app.send("show", { what: "" });
  };
  return html`<section class="vote" role="dialog" aria-label=${t("audience.ask")}>
    <${Vote} app=${app} />
    <button class="round vote-close" aria-label=${t("vote.hide")} title=${t("vote.hide")} onClick=${hide}><${Icon} name="close" /></button>
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
  return html`<h2>${spec.ask}</h2>
    <${Answers} world=${app.world} choose=${(/** @type {number} */ answer) => void vote(app, answer)} />
    <p class="vote-line" role="status">${lineOf(hall, audience.viewers)}</p>
    ${audience.controls && html`<${Conduct} app=${app} />`}`;
}

/**
 * The answers, with bars and marks as soon as the hall may see them; `early`: as soon as this page knows them.
 * @param {{world: import("../stores/world.js").World, early?: boolean, choose?: (answer: number) => void}} props
 */
function Answers({ world, early = false, choose }) {
  const [spec, hall, viewers] = useStore(world, (state) => /** @type {const} */ ([state.spec, state.hall, state.audience.viewers]));
  const { poll, mine } = hall;
  const marked = early ? poll.right.length > 0 : isMarked(poll, viewers);
  const bars = early ? poll.state !== "off" && poll.counts.length > 0 : hasBars(poll);
  const parts = shares(poll.counts);
  return html`<ol class="answers" data-state=${poll.state}>
    ${(spec?.answers ?? []).map((sentence, number) => html`<li key=${number} class=${marked ? (poll.right[number] ? "is-right" : "is-wrong") : ""}>
      <button class="answer" disabled=${!choose || poll.state !== "open"} aria-pressed=${mine.answer === number} onClick=${() => choose?.(number)}>
        ${bars && html`<span class="bar-of-votes" style=${{ width: `${parts[number]}%` }}></span>`}
        <span class="answer-text">${sentence}</span>
        ${marked && poll.right[number] && html`<span class="answer-right"><${Icon} name="ok" />${t("vote.right")}</span>`}
        ${bars && html`<span class="answer-count">${t("vote.count", { n: poll.counts[number], share: parts[number] })}</span>`}
      </button>
    </li>`)}
  </ol>`;
}

/** Who was right, for the lesson; nothing where the run cannot say it. @param {{app: import("./html.js").App}} props */
export function Marked({ app }) {
  const [hall, viewers] = useStore(app.world, (state) => /** @type {const} */ ([state.hall, state.audience.viewers]));
  if (!isMarked(hall.poll, viewers)) return null;
  return html`<section class="marked" aria-label=${t("vote.whoWasRight")}>
    <${Answers} world=${app.world} />
    <p class="vote-line">${lineOf(hall, viewers)}</p>
  </section>`;
}

/** What the hall has answered so far, and the steps of the vote, for the speaker alone. @param {{app: Pick<import("./html.js").App, "world"|"send">}} props */
export function HallView({ app }) {
  const [spec, hall, audience] = useStore(app.world, (state) => /** @type {const} */ ([state.spec, state.hall, state.audience]));
  if (!spec || spec.answers.length === 0 || !audience.controls) return null;
  const { state } = hall.poll;
  return html`<section class="speaker-hall" aria-label=${t("vote.hall")}>
    <h2>${state === "off" ? t("vote.hall") : `${t("vote.hall")} · ${lineOf(hall, Math.max(2, audience.viewers))}`}</h2>
    ${state !== "off" && html`<${Answers} world=${app.world} early />`}
    ${state === "off" && html`<p class="vote-steps"><button class="solid" onClick=${() => void app.send("poll", { state: "open" })}>${t("vote.open")}</button></p>`}
    <${Conduct} app=${app} />
  </section>`;
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

/** The next step, large, for whoever holds the controls. @param {{app: Pick<import("./html.js").App, "world"|"send">}} props */
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
