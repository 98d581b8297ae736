// Starts the engine where it runs best, and ends it when it is stuck:
//
//	in a worker, pictures in shared memory   where the page is cross-origin isolated (https, localhost)
//	in a worker, pictures as copies          elsewhere
//	in the page                              where no such worker can be had
//
// ?engine=copy and ?engine=page in the page's address ask for the second and the third: for tests
// and measurements. The page's data-engine says what came of it: worker, or page.
import { Engine } from './engine.js';
import { Watch } from './watch.js';

/** @typedef {import('./messages.js').FromEngine} FromEngine */
/** @typedef {import('./messages.js').Start} Start */
/** @typedef {import('./messages.js').ToEngine} ToEngine */

export class Host {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Engine | null} */
  #engine = null;
  /** @type {Watch | null} */
  #watch = null;
  /** @type {ToEngine[]} what was posted before the worker was known to run */
  #early = [];
  #runs = false;

  /**
   * @param {Omit<Start, 'type' | 'shared'>} start
   * @param {(message: FromEngine) => void} onMessage
   * @param {() => void} onStuck the engine was ended because it did nothing any more
   * @param {string | null} forced 'copy', 'page' or the best there is
   */
  constructor(start, onMessage, onStuck, forced) {
    this.onMessage = onMessage;
    this.onStuck = onStuck;
    const shared = forced !== 'copy' && self.crossOriginIsolated === true;
    if (forced === 'page' || !canWork() || !this.#work({ type: 'start', ...start, shared })) this.#stay({ type: 'start', ...start, shared: false });
  }

  /**
   * @param {ToEngine} message
   * @param {Transferable[]} [transfer]
   */
  post(message, transfer = []) {
    if (this.#engine) this.#engine.take(message);
    else if (this.#runs) this.#worker?.postMessage(message, transfer);
    else this.#early.push(message);
  }

  /**
   * @param {Start} start
   * @returns {boolean} whether there is a worker, though it may turn out not to run
   */
  #work(start) {
    try {
      this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'engine' });
    } catch {
      return false;
    }
    const worker = this.#worker;
    worker.onmessage = ({ data }) => {
      if (!this.#runs) this.#run();
      if (data.type === 'pong') this.#watch?.alive();
      else this.onMessage(data);
    };
    worker.onerror = (e) => {
      if (this.#runs) {
        reportError(e.error ?? new Error(`${e.message} (${e.filename}:${e.lineno})`));
        return;
      }
      // It cannot be loaded, or knows no modules.
      worker.terminate();
      this.#worker = null;
      this.#stay({ ...start, shared: false });
    };
    worker.postMessage(start);
    return true;
  }

  /** The worker has spoken. */
  #run() {
    this.#runs = true;
    document.documentElement.dataset.engine = 'worker';
    for (const message of this.#early.splice(0)) this.post(message);
    this.#watch = new Watch(() => this.post({ type: 'ping' }), () => {
      this.#worker?.terminate();
      this.#worker = null;
      this.onStuck();
    }, {
      setInterval: (f, ms) => window.setInterval(f, ms),
      clearInterval: (id) => window.clearInterval(id),
      now: () => performance.now(),
    });
  }

  /** @param {Start} start */
  #stay(start) {
    // Not in the caller's constructor: it may not know us yet when the first message comes.
    queueMicrotask(() => {
      document.documentElement.dataset.engine = 'page';
      this.#engine = new Engine(start, (message) => this.onMessage(message));
      for (const message of this.#early.splice(0)) this.post(message);
    });
  }
}

/** Whether a worker would have all that the engine needs. */
function canWork() {
  try {
    return typeof Worker === 'function' && new OffscreenCanvas(1, 1).getContext('2d') !== null;
  } catch {
    return false;
  }
}
