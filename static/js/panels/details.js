/** The details behind a lane's words: each promise with its verdict and reason, the figures of each side, and links to the findings. */
import { moment, set } from "../words/figures.js";
import { named, t } from "../words/index.js";
import { stalenessWords } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { Icon } from "./icons.js";

const FINDINGS_SHOWN = 30;

/** @param {{app: import("./html.js").App, lane: number}} props */
export function Details({ app, lane }) {
  const [meters, findings, dropped] = useStore(app.world, (state) =>
    /** @type {const} */ ([state.lanes[lane]?.meters, state.lanes[lane]?.findings ?? [], state.lanes[lane]?.dropped]));
  if (!meters) return null;
  /** @type {Array<[string, string]>} */
  const figures = [
    [t("details.staleness"), stalenessWords(meters.staleness)],
    [t("details.messages"), String(meters.messages)],
    [t("details.lostAtCut"), String(dropped?.cut ?? meters.lost_at_cut)],
    [t("details.diverged"), String(meters.diverged)],
  ];
  if (meters.converged_ms !== null) figures.push([t("details.converged"), t("details.convergedValue", { ms: meters.converged_ms })]);
  return html`<div class="card details" tabindex="0">
    <section aria-label=${t("details.promises")}>
      <ul class="promises">${meters.promises.map(
        ([name, verdict, reason]) => html`<li key=${name} data-verdict=${verdict}><${Icon} name=${verdict} /><span><b>${name}</b> <em>${named("details.verdicts", verdict)}</em>${reason ? html`<small>${reason}</small>` : ""}</span></li>`,
      )}</ul>
      <p class="hint">${t("details.badge", { badge: meters.badge })}</p>
    </section>
    <section aria-label=${t("details.sides")}>
      <dl>${figures.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      <${SidesTable} sides=${meters.sides} />
    </section>
    <section aria-label=${t("details.findings")}>
      <h4>${t("details.findings")}</h4>
      ${findings.length === 0 && html`<p class="hint">${t("details.noFindings")}</p>`}
      <ul class="findings">${findings.slice(-FINDINGS_SHOWN).reverse().map(
        (finding, place) => html`<li key=${findings.length - place}><button class="quiet" onClick=${() => visit(app, lane, finding)}><b>${moment(finding.at)}</b> ${finding.sentence}</button></li>`,
      )}</ul>
    </section>
  </div>`;
}

/** Goes to a finding and lights its operations. @param {import("./html.js").App} app @param {number} lane @param {import("../lib/wire-types.js").Finding} finding */
function visit(app, lane, finding) {
  app.ui.update({ dock: null, lit: { lane, sentence: finding.sentence, operations: finding.operations } });
  app.send("seek", { at: finding.at });
}

/** @param {{sides: import("../lib/wire-types.js").Side[]}} props */
function SidesTable({ sides }) {
  const whole = sides.length === 1;
  return html`<table>
    <thead><tr><th scope="col">${t("details.side")}</th><th scope="col">${t("details.reads")}</th><th scope="col">${t("details.writes")}</th><th scope="col">${t("details.latency")}</th></tr></thead>
    <tbody>${sides.map((side) => html`<tr key=${side.nodes.join()}><th scope="row">${whole ? t("meters.everyone") : set(side.nodes)}</th>
      <td>${t("meters.answered", { ok: side.read[0], all: side.read[1] })}</td><td>${t("meters.answered", { ok: side.write[0], all: side.write[1] })}</td>
      <td>${timesWords(side)}</td></tr>`)}</tbody>
  </table>`;
}

/** How long reads and writes took. @param {import("../lib/wire-types.js").Side} side */
function timesWords({ reads_ms: reads, writes_ms: writes }) {
  const kinds = /** @type {const} */ ([["details.readTimes", reads], ["details.writeTimes", writes]]);
  return kinds.flatMap(([words, times]) => (times ? [t(words, { half: times[0], most: times[1] })] : [])).join(", ") || "–";
}
