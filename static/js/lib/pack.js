/**
 * Few bytes -> plain values, as dashboard/wire/pack.py packs them (docs/wire.md). Pure.
 */

const HOLE = "\0";
const MARK = "\u0001"; // replaces a hole where the patterns themselves are sent
const [KEPT, EACH, WHOLE, GONE] = "\u0002\u0003\u0004\u0005";
const TABLE_MAX = 4000;
const SENTENCE = 4;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The server's own sentence. @param {string} template @param {Record<string, any>} values */
export function inEnglish(template, values) {
  return template.replace(/\{(\w+)\}/g, (hole, name) => (Object.hasOwn(values, name) ? String(values[name]) : hole));
}

/** Reads packed values. It keeps the words and the keys of objects that it has read until `forget` or `knows`. */
export class Reader {
  /** @param {(template: string, values: Record<string, any>) => string} sentence fills the template of the page's language */
  constructor(sentence = inEnglish) {
    this.sentence = sentence;
    /** @type {string[]} */
    this.words = [];
    /** @type {string[][]} */
    this.shapes = [];
    this.learning = true;
    this.data = new Uint8Array(0);
    this.place = 0;
  }

  /** @param {[string[], string[][]]} tables */
  knows([words, shapes]) {
    this.words = words.map((word) => word.replaceAll(MARK, HOLE));
    this.shapes = [...shapes];
  }

  /**
   * The value that begins at a place; afterwards `place` is behind it.
   * @param {Uint8Array} data
   * @param {number} place
   * @param {boolean} learning
   * @returns {any}
   */
  unpacked(data, place = 0, learning = true) {
    Object.assign(this, { data, place, learning });
    return this.value();
  }

  /** @returns {number} */
  number() {
    let number = 0;
    let scale = 1;
    for (;;) {
      if (this.place >= this.data.length) throw new Error("a packet ends too early");
      const byte = this.data[(this.place += 1) - 1];
      number += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return number;
    }
  }

  /** @param {number} size */
  take(size) {
    if (this.place + size > this.data.length) throw new Error("a packet ends too early");
    return this.data.subarray(this.place, (this.place += size));
  }

  /** @param {string} word */
  filled(word) {
    const [first, ...rest] = word.split(HOLE);
    return rest.reduce((text, part) => `${text}${this.number()}${part}`, first);
  }

  /** @returns {any} */
  value() {
    const head = this.number();
    const number = Math.floor(head / 8);
    switch (head % 8) {
      case 0:
        return this.plain(number);
      case 1:
        return number;
      case 2:
        return -1 - number;
      case 3:
        return this.filled(known(this.words, number));
      case 4:
        return this.filled(this.learned(this.words, utf8.decode(this.take(number))));
      case 5:
        return Array.from({ length: number }, () => this.value());
      case 6:
        return this.object(known(this.shapes, number));
      default:
        return this.object(this.learned(this.shapes, Array.from({ length: number }, () => this.value())));
    }
  }

  /** @param {number} kind */
  plain(kind) {
    if (kind < 3) return [null, false, true][kind];
    if (kind === 3) {
      const bytes = this.take(8);
      return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
    }
    if (kind === SENTENCE) return this.sentence(this.value(), this.value());
    return Array.from({ length: kind - 4 }, () => {
      const folded = this.number();
      return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
    });
  }

  /** @param {string[]} keys */
  object(keys) {
    return Object.fromEntries(keys.map((key) => [key, this.value()]));
  }

  /**
   * @template T
   * @param {T[]} table
   * @param {T} entry
   */
  learned(table, entry) {
    if (this.learning && table.length < TABLE_MAX) table.push(entry);
    return entry;
  }
}

/**
 * @template T
 * @param {T[]} table
 * @param {number} place
 */
function known(table, place) {
  if (place >= table.length) throw new Error("a packet uses a word or a shape that was never sent");
  return table[place];
}

/**
 * A value with a change applied to it: some fields of an object, a part of a list, or all of it. The old value stays as it is.
 * @param {any} old
 * @param {any} news
 * @returns {any}
 */
export function changed(old, news) {
  if (news === null || typeof news !== "object" || Array.isArray(news)) return news;
  if (WHOLE in news) return news[WHOLE];
  if (KEPT in news) {
    const [kept, ...more] = news[KEPT];
    return [...old.slice(old.length - kept), ...more];
  }
  if (EACH in news) {
    const items = [...old];
    for (let at = 0; at < news[EACH].length; at += 2) items[news[EACH][at]] = changed(items[news[EACH][at]], news[EACH][at + 1]);
    return items;
  }
  const merged = new Map(Object.entries(old));
  for (const name of news[GONE] ?? []) merged.delete(name);
  for (const [name, each] of Object.entries(news)) if (name !== GONE) merged.set(name, changed(merged.get(name), each));
  return Object.fromEntries(merged);
}
