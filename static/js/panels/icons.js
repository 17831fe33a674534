/** The page's own icons, 24 by 24 units, in the colour of the text round them. Decoration only: the words are beside them or in the label. */
import { html } from "./html.js";

/** @type {Record<string, any>} */
const PATHS = {
  play: html`<path d="M6 4v16l14-8z" fill="currentColor" stroke="none" />`,
  pause: html`<path d="M6 4h4v16H6zM14 4h4v16h-4z" fill="currentColor" stroke="none" />`,
  stepEvent: html`<path d="M5 5v14" /><path d="M10 5v14l11-7z" fill="currentColor" stroke="none" />`,
  stepMessage: html`<circle cx="5" cy="12" r="2.6" fill="currentColor" stroke="none" /><path d="M10 5v14l11-7z" fill="currentColor" stroke="none" />`,
  undo: html`<path d="M8 5 4 9l4 4" /><path d="M4 9h10a5.5 5.5 0 0 1 0 11H9" />`,
  dark: html`<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />`,
  light: html`<circle cx="12" cy="12" r="4.2" /><path d="M12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M18.7 5.3l-2.1 2.1M7.4 16.6l-2.1 2.1" />`,
  contrast: html`<circle cx="12" cy="12" r="8.5" /><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor" stroke="none" />`,
  close: html`<path d="M6 6l12 12M18 6 6 18" />`,
  list: html`<path d="M9 6h11M9 12h11M9 18h11" /><path d="M4 6h.01M4 12h.01M4 18h.01" />`,
  AVAILABLE: html`<circle cx="12" cy="12" r="9.5" /><path d="M7.6 12.4l3.1 3.1 5.7-6.4" />`,
  PARTLY: html`<circle cx="12" cy="12" r="9.5" /><path d="M12 2.5a9.5 9.5 0 0 1 0 19z" fill="currentColor" stroke="none" />`,
  REFUSING: html`<path d="M8.1 2.6h7.8l5.5 5.5v7.8l-5.5 5.5H8.1l-5.5-5.5V8.1z" /><path d="M7.6 12h8.8" />`,
  WAITING: html`<path d="M6.5 3h11M6.5 21h11M8 3c0 5 8 6 8 9s-8 4-8 9M16 3c0 5-8 6-8 9s8 4 8 9" />`,
  IDLE: html`<circle cx="12" cy="12" r="9.5" stroke-dasharray="2.2 3.2" />`,
  CONSISTENT: html`<circle cx="12" cy="12" r="9.5" /><path d="M8 9.8h8M8 14.2h8" />`,
  STALE: html`<circle cx="12" cy="12" r="9.5" /><path d="M12 6.8V12l3.4 2.2" />`,
  SIBLINGS: html`<path d="M3 12h6.5M9.5 12c3.5 0 3.5-6 9-6M9.5 12c3.5 0 3.5 6 9 6" /><path d="M16 2.8 19.4 6 16 9.2M16 14.8l3.4 3.2-3.4 3.2" />`,
  CONTRADICTION: html`<path d="M3 8h13M12.5 4.5 16 8l-3.5 3.5M21 16H8M11.5 12.5 8 16l3.5 3.5" />`,
  LOST: html`<circle cx="12" cy="12" r="9.5" stroke-dasharray="3.4 3" /><path d="M8.5 8.5l7 7M15.5 8.5l-7 7" />`,
  SPLIT: html`<circle cx="6.5" cy="12" r="4.5" /><circle cx="17.5" cy="12" r="4.5" fill="currentColor" /><path d="M12 3v18" />`,
  BROKEN: html`<path d="M12 2.5 22 20.5H2zM12 9v5.5" /><path d="M12 17.6h.01" />`,
  ok: html`<path d="M4.5 12.6l5 5L19.5 7" />`,
  violated: html`<path d="M6 6l12 12M18 6 6 18" />`,
  unknown: html`<path d="M8.5 9a3.6 3.6 0 1 1 5.2 3.2c-1.2.7-1.7 1.3-1.7 2.6" /><path d="M12 18.6h.01" />`,
};

/** @param {{name: string, class?: string}} props */
export function Icon({ name, class: className = "" }) {
  return html`<svg class=${`icon ${className}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`;
}
