/** A list that opens at its words: the words are ours, the list is the browser's own. */
import { html } from "./html.js";

/**
 * @param {{label: string, shown: string, value: unknown, options: Array<[unknown, string]>, onPick: (value: any) => void, disabled?: boolean, title?: string, class?: string}} props
 */
export function Pick({ label, shown, value, options, onPick, disabled = false, title, class: className = "" }) {
  const place = options.findIndex(([each]) => each === value);
  return html`<span class=${`pick ${className}`} title=${title}>
    <span aria-hidden="true">${shown}<span class="caret">▾</span></span>
    <select aria-label=${label} disabled=${disabled} value=${String(place)}
      onChange=${(/** @type {Event} */ event) => {
        const select = /** @type {HTMLSelectElement} */ (event.currentTarget);
        onPick(options[Number(select.value)][0]);
        if (!select.matches(":focus-visible")) select.blur();
      }}>
      ${options.map(([, text], index) => html`<option key=${index} value=${String(index)} selected=${index === place}>${text}</option>`)}
    </select>
  </span>`;
}
