/** Preact's templates, in which nodes are called as people call them, and the one hook that subscribes panels to the stores. */
import htm from "htm";
import { h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { called } from "../words/names.js";

/** Makes an element; its texts, and those for tooltips and screen readers, have the names that people use.
 * @param {any} type @param {any} props @param {any[]} children */
function element(type, props, ...children) {
  const words = typeof type !== "string" || !props ? props
    : { ...props, ...("title" in props && { title: called(props.title) }), ...("aria-label" in props && { "aria-label": called(props["aria-label"]) }) };
  return h(type, words, ...children.map(calledIn));
}

/** @param {any} child @returns {any} */
function calledIn(child) {
  return Array.isArray(child) ? child.map(calledIn) : called(child);
}

export const html = htm.bind(element);

/**
 * Renders again when the result of `select` has changed (an array: when one of its items has).
 * @template {object} State
 * @template Picked
 * @param {import("../stores/store.js").Store<State>} store
 * @param {(state: State) => Picked} select
 * @returns {Picked}
 */
export function useStore(store, select) {
  const [, render] = useState(0);
  const picked = select(store.state);
  useEffect(() => {
    let before = picked;
    const look = () => {
      const now = select(store.state);
      if (same(before, now)) return;
      before = now;
      render((count) => count + 1);
    };
    look();
    return store.subscribe(look);
  });
  return picked;
}

/** @param {unknown} a @param {unknown} b */
function same(a, b) {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => Object.is(item, b[index]));
  return Object.is(a, b);
}

/**
 * What every panel gets: the stores, the function to send commands, and the parts of the stage that main.js hands on.
 * @typedef {{world: import("../stores/world.js").World, ui: import("../stores/ui.js").Ui,
 *   send: (type: string, fields?: Record<string, unknown>) => Promise<import("../lib/wire.js").Answer>, inspect: (lane: number, ids: number[]) => Promise<void>, joining: (session: string) => Promise<string[]|null>, ownerLink: (session: string, at: string) => Promise<string|null>, mine: (mine: import("../stores/hall.js").Mine) => void, follow: (root: string | null) => void, act: (action: string) => void,
 *   mountStage: (canvas: HTMLCanvasElement, lane: number) => () => void,
 *   marks: ReadonlyArray<{name: string, group: string}>, paintMark: (context: CanvasRenderingContext2D, name: string, x: number, y: number, size: number, colours: Record<string, string>) => void}} App
 */
