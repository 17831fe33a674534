// Every sentence of the page comes from a catalogue: keys exist, templates are filled, the code of panels and stage has no sentences.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import ts from "typescript";
import { MARKS } from "../../static/js/stage/marks.js";
import { createWords } from "../../static/js/words/catalogue.js";
import { en } from "../../static/js/words/en/index.js";
import { chosen } from "../../static/js/words/index.js";
import { bracketed, pseudo } from "../../static/js/words/pseudo.js";
import { paceAndNote, paceWords, valueWords } from "../../static/js/words/figures.js";
import { callNodes, called, namesOf } from "../../static/js/words/names.js";

const SCRIPTS = new URL("../../static/js/", import.meta.url);
const WORDS = 3; // this many words in a row count as a sentence
const SHOWN = /^(?:title|aria-label|aria-valuetext|alt|placeholder)$/; // attributes that people read
const NO_WORDS = ["io server disconnect", "400 \0px Inter, sans-serif"]; // Socket.IO's name of an event, a font
const BRAND = ["CAP", "scope"]; // has two weights in the markup

const spoken = () => readdirSync(SCRIPTS, { recursive: true }).filter((name) => name.endsWith(".js") && !/^(?:words|lib.wire-types)/.test(name));

/** The texts of a script that could be shown; from html templates the texts between tags and in attributes that people read. */
function texts(source, name) {
  const found = [];
  const visit = (node) => {
    if (ts.isThrowStatement(node) || ts.isImportDeclaration(node)) return; // errors are for readers of the console
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === "html") {
      const { template } = node;
      const parts = ts.isNoSubstitutionTemplateLiteral(template) ? [template.text] : [template.head.text, ...template.templateSpans.map(({ literal }) => literal.text)];
      found.push(...shownIn(parts.join("\0")).map((text) => ({ text, node, markup: true })));
    } else if (ts.isStringLiteralLike(node) && node.parent.kind !== ts.SyntaxKind.TaggedTemplateExpression) {
      found.push({ text: node.text, node, markup: false });
    } else if (ts.isTemplateExpression(node) && node.parent.kind !== ts.SyntaxKind.TaggedTemplateExpression) {
      found.push({ text: [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("\0"), node, markup: false });
    }
    ts.forEachChild(node, visit);
  };
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
  visit(file);
  return found.map(({ text, node, markup }) => ({ text, markup, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 }));
}

/** @param {string} markup with \0 for its holes */
function shownIn(markup) {
  const tag = /<[^<>"]*(?:"[^"]*"[^<>"]*)*>/g;
  const attributes = [...markup.matchAll(/([\w-]+)="([^"]*)"/g)].filter(([, attribute]) => SHOWN.test(attribute)).map(([, , text]) => text);
  return [...markup.replace(tag, "\0").split("\0"), ...attributes].map((text) => text.trim()).filter(Boolean);
}

test("no sentence stands outside the catalogues", () => {
  const sentences = spoken().flatMap((name) =>
    texts(readFileSync(new URL(name, SCRIPTS), "utf8"), name)
      .filter(({ text, markup }) => (markup ? /[A-Za-z]{3,}/.test(text) && !BRAND.includes(text) : new RegExp(`(?:[A-Za-z]{2,}[,;:.]?[ \\0]+){${WORDS - 1}}[A-Za-z]{2,}`).test(text)))
      .filter(({ text }) => !/[{}<>;]|^[\w-]+(?:\.[\w-]+)+$/.test(text) && !/focus-visible|\[tabindex/.test(text) && !NO_WORDS.includes(text)) // selectors, paths
      .map(({ text, line }) => `${name}:${line}: ${JSON.stringify(text)}`));
  assert.deepEqual(sentences, []);
});

test("the test above finds a sentence", () => {
  const find = (source) => texts(source, "x.js").map(({ text }) => text);
  assert.deepEqual(find('say(ui, "All is well now.")'), ["All is well now."]);
  assert.deepEqual(find("html`<b class=\"one two three\" title=\"Read me\">Hello ${name}</b>`"), ["Hello", "Read me"]);
});

test("every key that the code asks for is in the catalogue", () => {
  for (const name of spoken()) {
    const source = readFileSync(new URL(name, SCRIPTS), "utf8");
    for (const [, key] of source.matchAll(/(?<![\w.])t\("([^"]+)"/g)) assert.ok(Object.hasOwn(en, key), `${name}: ${key}`);
    for (const [, group] of source.matchAll(/(?<![\w.])named\("([^"]+)"/g)) assert.ok(Object.keys(en).some((key) => key.startsWith(`${group}.`)), `${name}: ${group}`);
  }
});

test("every key of the catalogue is asked for somewhere", () => {
  const sources = readdirSync(SCRIPTS, { recursive: true }).filter((name) => name.endsWith(".js") && !/words.(?:en|pseudo)/.test(name)).map((name) => readFileSync(new URL(name, SCRIPTS), "utf8")).join("\n");
  const groups = new Set([...sources.matchAll(/named\(\s*"([^"]+)"/g)].map(([, group]) => group));
  const unused = Object.keys(en).filter((key) => !sources.includes(`"${key}"`) && ![...groups].some((group) => key.startsWith(`${group}.`)));
  assert.deepEqual(unused, []);
});

test("the legend has words for every mark", () => {
  for (const { name, group } of MARKS) assert.ok(`marks.${name}` in en && `groups.${group}` in en, name);
});

test("a template is filled by name, and a plural form is chosen by n", () => {
  const { t, named, server } = createWords({ locale: "en", sentences: en, server: (template) => template }, en);
  assert.equal(t("lane.label", { title: "Raft {n}" }), "Lane: Raft {n}");
  assert.deepEqual([1, 2, 0].map((n) => t("status.nodes", { n })), ["1 node", "2 nodes", "0 nodes"]);
  assert.equal(named("card.statuses", "up"), "up");
  assert.deepEqual([named("card.statuses", "asleep"), named("card.statuses", "asleep", "?")], ["asleep", "?"], "a name without a word stands for itself");
  assert.equal(server("{n} of {m} reads", { n: 1, m: 2 }), "1 of 2 reads");
});

test("another language has its own words, plurals and server sentences, and falls back to English", () => {
  const sentences = { "status.nodes": { one: "{n} uzel", few: "{n} uzly", other: "{n} uzlů" } };
  const { t, server } = createWords({ locale: "cs", sentences, server: (template) => ({ "{n} reads": "{n} čtení" })[template] ?? template }, en);
  assert.deepEqual([1, 3, 5].map((n) => t("status.nodes", { n })), ["1 uzel", "3 uzly", "5 uzlů"]);
  assert.equal(t("toolsLabel"), "Tools");
  assert.equal(server("{n} reads", { n: 4 }), "4 čtení");
  assert.equal(server("{n} writes", { n: 4 }), "4 writes");
  assert.equal(t("no.such.key"), "no.such.key");
});

test("a sentence within a sentence of the server is in the page's language, too", () => {
  const { server } = createWords({ locale: "en", sentences: en, server: bracketed }, en);
  const values = { high: { template: "{s} s", values: { s: 60 } } };
  assert.equal(server("It must end by {high}.", values), "⟦It must end by ⟦60 s⟧.⟧");
});

test("the language is the first one wanted that there is", () => {
  assert.deepEqual([chosen("qps", "en"), chosen("tlh", "qps"), chosen(null, undefined), chosen("constructor")], ["qps", "qps", "en", "en"]);
});

test("the pseudo-language brackets every sentence and keeps its holes", () => {
  const strange = pseudo(en);
  assert.equal(strange["lane.label"], bracketed("Lane: {title}"));
  assert.deepEqual(Object.keys(strange), Object.keys(en));
});

test("a text has the names that people use for nodes, each once and nothing else", () => {
  callNodes(namesOf({ n1: { called: "Ann" }, n2: {}, n11: { called: "Bob $&" } }));
  assert.equal(called("{n1, n2} cut n1-n11, n1→n2; xn1, n12, n1a"), "{Ann, n2} cut Ann-Bob $&, Ann→n2; xn1, n12, n1a");
  assert.equal(called(7), 7);
  callNodes(namesOf({ n1: {}, n2: {} }));
  assert.equal(called("n1"), "n1");
});

test("a speed is said as people say it, and with a note when no eye can follow a message", () => {
  assert.deepEqual([0.005, 0.05, 1 / 3, 1, 10].map(paceWords), ["200× slower", "20× slower", "3× slower", "real time", "10× faster"]);
  assert.deepEqual([0.05, 1, 10].map((pace) => paceAndNote(pace, 10_000)), ["20× slower", "real time, too fast to see messages", "10× faster, too fast to see messages"]);
  assert.equal(paceAndNote(1, 0), "real time");
});

test("a value is said without what the kernel adds to tell two writes of it apart", () => {
  assert.equal(valueWords(["old'1", "new'c2_3"]), "old | new");
});
