/**
 * English: every sentence of the page, as templates with {holes}; a sentence with plural forms has one template for each form of `n`.
 * Calm, plain sentences, read on a projector.
 */
import { cards } from "./cards.js";
import { dialogs } from "./dialogs.js";
import { figures } from "./figures.js";
import { hall } from "./hall.js";
import { lane } from "./lane.js";
import { page } from "./page.js";
import { stage } from "./stage.js";
import { talk } from "./talk.js";

export const en = Object.freeze({ ...page, ...lane, ...cards, ...dialogs, ...stage, ...talk, ...figures, ...hall });
