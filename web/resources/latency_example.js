// Shows latency_test.js at work. The bars are SVG: their lengths are attributes, as the page's
// policy allows no styles in the page.
(function () {
  'use strict';

  const LatencyTest = /** @type {any} */ (globalThis).LatencyTest;

  /** @param {string} id */
  const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const verdict = byId('verdict'), list = byId('regions');
  const again = /** @type {HTMLButtonElement} */ (byId('again'));
  const progress = /** @type {HTMLProgressElement} */ (byId('progress'));

  byId('code').textContent = `<script src="${location.origin}/resources/latency_test.js"></` + `script>
<script>
  LatencyTest.run({ onProgress: (p) => console.log(p.done, 'of', p.total) })
    .then((r) => console.log(r.region, Math.round(r.latency) + ' ms'));
</` + 'script>';

  /** @param {number} ms */
  const inWords = (ms) => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms))) + ' ms';

  /** @param {string} name @param {Record<string, string | number>} attributes */
  function svg(name, attributes) {
    const e = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, String(v));
    return e;
  }

  /** @param {{region: string, latency: number | null, samples: number[], error: Error | null}[]} results @param {boolean} over */
  function show(results, over) {
    const longest = Math.max(1, ...results.flatMap((r) => r.samples));
    list.replaceChildren(...results.map((r, i) => {
      const li = document.createElement('li');
      const failed = r.latency === null && r.error !== null;
      li.className = failed ? 'failed' : i === 0 && r.latency !== null ? 'best' : '';
      const name = document.createElement('span'), time = document.createElement('span');
      name.className = 'name';
      name.textContent = r.region;
      time.className = 'time';
      time.textContent = r.latency !== null ? inWords(r.latency) : failed ? 'no answer' : over ? '' : '…';
      const bar = svg('svg', { 'aria-hidden': 'true' });
      if (r.latency !== null) {
        bar.append(svg('rect', { class: 'bar', width: `${Math.max(1.5, 100 * r.latency / longest)}%`, height: '100%', rx: 7 }));
        for (const s of r.samples) bar.append(svg('circle', { class: 'sample', cx: `${Math.min(99, 100 * s / longest)}%`, cy: '50%', r: 2.5 }));
      }
      li.append(name, time, bar);
      return li;
    }));
  }

  async function measure() {
    again.disabled = true;
    verdict.className = '';
    verdict.textContent = 'Measuring…';
    document.documentElement.dataset.state = 'measuring';
    try {
      const r = await LatencyTest.run({
        /** @param {any} p */
        onProgress(p) {
          progress.value = p.done / p.total;
          show(p.results, false);
        },
      });
      show(r.results, true);
      verdict.textContent = `${r.region} is nearest: ${inWords(r.latency)}`;
      document.documentElement.dataset.state = 'done';
    } catch (e) {
      verdict.className = 'error';
      verdict.textContent = 'The test failed: ' + (e instanceof Error ? e.message : e);
      document.documentElement.dataset.state = 'error';
    }
    progress.value = 1;
    again.disabled = false;
  }

  again.addEventListener('click', measure);
  measure();
})();
