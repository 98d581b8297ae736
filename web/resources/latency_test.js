// Finds the region that is nearest to whoever runs it: a page of any site, without any other file.
//
//   <script src="https://help.example.com/resources/latency_test.js"></script>
//   <script>
//     LatencyTest.run().then((r) => console.log(r.region, r.latency + ' ms'));
//   </script>
//
// or, as a module:
//
//   import { run } from 'https://help.example.com/resources/latency_test.mjs';
//   const { region } = await run({ onProgress: (p) => console.log(p.done, 'of', p.total) });
//
// run(options, callback) takes two optional arguments and returns a promise. options may have:
//
//   broker      whose regions; an origin. Without it, where this script came from.
//   regions     names of regions. Without it, those that the broker lists.
//   hosts       {region: origin}, where to measure regions. Without it, what the broker says.
//   probes      requests that count for each region, 1 to 100. Without it, 5. One more goes before
//               them and does not count: it looks up the name, connects, and shakes hands.
//   timeout     ms after which a request is given up, and its region with it. Without it, 4000.
//   onProgress  called after every request with {region, ms, latency, results, done, total}: ms is
//               this request's time (null: it failed, or it was the first), latency the region's
//               best so far, results all regions so far, best first.
//   signal      an AbortSignal that ends the test.
//
// The promise is fulfilled with {region, latency, results}: the best region, its time in ms, and for
// each region {region, origin, latency, samples, error}, best first. latency is the best of its
// samples: what makes a request slow by chance (load, a lost packet) never makes it faster than the
// way is. Regions that did not answer come last, with latency null and an Error. The promise is
// rejected if none answers, or the broker cannot be asked. callback(error, result) is told the same.
//
// All regions are measured at once, each by one request after the other. Nothing is sent but the
// requests themselves: no cookies, and the answers come from no cache.
(function (root) {
  'use strict';

  const script = typeof document === 'object' && document.currentScript;
  const home = script instanceof HTMLScriptElement && script.src ? new URL(script.src).origin : '';
  if (!home && 'LatencyTest' in root) return; // as a module, which knows better where it came from

  /**
   * @typedef {{region: string, origin: string, latency: number | null, samples: number[], error: Error | null}} Result
   * @typedef {{region: string, ms: number | null, latency: number | null, results: Result[], done: number, total: number}} Progress
   * @typedef {{region: string, latency: number, results: Result[]}} Outcome
   * @typedef {object} Options
   * @property {string} [broker]
   * @property {string[]} [regions]
   * @property {Record<string, string>} [hosts]
   * @property {number} [probes]
   * @property {number} [timeout]
   * @property {(p: Progress) => void} [onProgress]
   * @property {AbortSignal} [signal]
   */

  /**
   * One request that no cache answers. It fails after timeout ms, with the signal, and for a status of failure.
   * @param {string} url @param {number} timeout @param {AbortSignal | undefined} signal
   * @returns {Promise<Response>}
   */
  async function get(url, timeout, signal) {
    const abort = new AbortController();
    const end = () => abort.abort(signal && signal.reason);
    if (signal) {
      if (signal.aborted) end();
      signal.addEventListener('abort', end);
    }
    const timer = setTimeout(() => abort.abort(new Error('no answer from ' + url + ' within ' + timeout + ' ms')), timeout);
    try {
      const answer = await fetch(url, { mode: 'cors', cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer', signal: abort.signal });
      if (!answer.ok) throw new Error(url + ' answered ' + answer.status);
      return answer;
    } finally {
      clearTimeout(timer);
      if (signal) signal.removeEventListener('abort', end);
    }
  }

  /** @param {Result} a @param {Result} b */
  const byLatency = (a, b) => (a.latency ?? Infinity) - (b.latency ?? Infinity) || (a.region < b.region ? -1 : 1);

  /** @param {unknown} e */
  const asError = (e) => (e instanceof Error ? e : new Error(String(e)));

  /** @param {Options} options @returns {Promise<Outcome>} */
  async function measure(options) {
    const broker = new URL(options.broker || home || location.origin).origin;
    const timeout = options.timeout ?? 4000;
    const probes = Math.min(100, Math.max(1, Math.floor(options.probes ?? 5)));
    const { signal, onProgress } = options;

    /** @type {Record<string, string>} */
    const hosts = options.hosts || await (await get(broker + '/resources/latency_hosts.json', timeout, signal)).json();
    const regions = options.regions || Object.keys(hosts);
    const results = regions.map((region) => {
      if (!hosts[region]) throw new Error('There is no region ' + region + '.');
      /** @type {Result} */
      const r = { region, origin: hosts[region], latency: null, samples: [], error: null };
      return r;
    });
    if (results.length === 0) throw new Error('There are no regions.');

    const total = results.length * (probes + 1);
    let done = 0;
    await Promise.all(results.map(async (r) => {
      for (let i = 0; i <= probes; i++) {
        /** @type {number | null} */
        let ms = null;
        try {
          const start = performance.now();
          const answer = await get(r.origin + '/', timeout, signal);
          if (i > 0) {
            ms = performance.now() - start;
            r.samples.push(ms);
            r.latency = Math.min(...r.samples);
          }
          await answer.text(); // so that the connection is used again
        } catch (e) {
          if (signal && signal.aborted) throw e;
          r.error = asError(e);
          if (r.latency === null || i === 0) {
            done += probes + 1 - i; // the rest of this region is not tried
            i = probes;
          } else {
            done++;
          }
          tell(r, null);
          continue;
        }
        done++;
        tell(r, ms);
      }
    }));

    /** @param {Result} r @param {number | null} ms */
    function tell(r, ms) {
      if (onProgress) onProgress({ region: r.region, ms, latency: r.latency, results: [...results].sort(byLatency), done, total });
    }

    results.sort(byLatency);
    const { region, latency, error } = results[0];
    if (latency === null) throw error || new Error('No region answered.');
    return { region, latency, results };
  }

  /**
   * @param {Options} [options]
   * @param {(error: Error | null, outcome?: Outcome) => void} [callback]
   * @returns {Promise<Outcome>}
   */
  function run(options = {}, callback) {
    const outcome = measure(options);
    if (callback) {
      outcome.then((o) => callback(null, o), (e) => callback(asError(e)));
    }
    return outcome;
  }

  Object.assign(root, { LatencyTest: Object.freeze({ run }) });
})(globalThis);
