// The engine in a worker of its own: see host.js, which starts it.
import { Engine } from './engine.js';

/** @typedef {import('./messages.js').ToEngine} ToEngine */
/** @typedef {import('./messages.js').Start} Start */

// The types that tsc is given are those of a page.
/** @typedef {{onmessage: (event: MessageEvent) => void, postMessage: (message: any, transfer: Transferable[]) => void}} Scope */
const scope = /** @type {Scope} */ (/** @type {unknown} */ (self));

/** @type {Engine | null} */
let engine = null;

scope.onmessage = (/** @type {MessageEvent} */ event) => {
  /** @type {Start | ToEngine} */
  const data = event.data;
  if (data.type === 'start') engine = new Engine(data, (message, transfer) => scope.postMessage(message, transfer ?? []));
  else engine?.take(data);
};

// The page hears of errors in its worker, but not of promises that nobody waits for.
self.addEventListener('unhandledrejection', ({ reason }) => {
  self.setTimeout(() => {
    throw reason;
  });
});
