/**
 * A store: one plain object, with functions to change it and to subscribe to changes. `notify` is separate from `update`, so that the
 * animation loop can change a world sixty times a second and notify the panels ten times.
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
