/** Starts a new run with other lanes. */

/**
 * @param {import("./html.js").App} app
 * @param {(lanes: Array<{protocol: string, knobs: Record<string, unknown>}>) => Array<{protocol: string, knobs: Record<string, unknown>}>} change
 * @param {Record<string, unknown>} [more]
 */
export function compose(app, change, more = {}) {
  const { spec } = app.world.state;
  if (!spec) return;
  const lanes = spec.lanes.map(({ protocol, knobs }) => ({ protocol, knobs }));
  app.send("compose", { lanes: change(lanes), nodes: spec.nodes.length, seed: spec.seed, ...more });
}
