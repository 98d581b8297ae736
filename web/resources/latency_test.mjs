// latency_test.js as an ES module; what run does is described there.
import './latency_test.js';

const home = new URL(import.meta.url).origin;

/** @type {{run(options?: object, callback?: Function): Promise<any>}} */
const { run: runAnywhere } = /** @type {any} */ (globalThis).LatencyTest;

/**
 * @param {{broker?: string} & Record<string, unknown>} [options]
 * @param {(error: Error | null, outcome?: any) => void} [callback]
 */
export function run(options = {}, callback) {
  return runAnywhere({ broker: home, ...options }, callback);
}
