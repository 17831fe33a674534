/** The words of the page in the visitor's language. Only English so far; another language is another file of the same shape. */
export { english as words } from "./words/english.js";
