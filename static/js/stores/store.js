/**
 * A store: one plain object, a way to change it, a way to hear of changes. `notify` is apart from `update` so that the animation
 * loop can change a world sixty times a second and tell the panels ten times.
 */

/**
 * @template {object} State
 * @typedef {{readonly state: State, update(patch: Partial<State>): void, notify(): void, subscribe(listener: (state: State) => void): () => void}} Store
 */

/**
 * @template {object} State
 * @param {State} initial
 * @returns {Store<State>}
 */
export function createStore(initial) {
  const state = initial;
  /** @type {Array<(state: State) => void>} */
  let listeners = [];
  const notify = () => {
    for (const listener of listeners) listener(state);
  };
  return {
    state,
    notify,
    update(patch) {
      Object.assign(state, patch);
      notify();
    },
    subscribe(listener) {
      listeners = [...listeners, listener];
      return () => {
        listeners = listeners.filter((other) => other !== listener);
      };
    },
  };
}
