// The worker of a sharing tab: see share.js, which starts it.
import { browser } from '../shared/transport.js';
import { Frames } from './frames.js';
import { browserJpegs } from './jpegs.js';
import { Sharing } from './sharing.js';

/** @typedef {import('./messages.js').FromWorker} FromWorker */
/** @typedef {import('./messages.js').ToWorker} ToWorker */

// The types that tsc is given are those of a page.
/** @typedef {{onmessage: (event: MessageEvent) => void, postMessage: (message: FromWorker) => void}} Scope */
const scope = /** @type {Scope} */ (/** @type {unknown} */ (self));

const WANT_EVERY = 33; // ms between two frames that are asked for

/** @type {Sharing | null} */
let sharing = null;
/** @type {Frames | null} */
let frames = null;
let asks = false; // frames come only when they are asked for

/** @param {import('./messages.js').Start} start */
function begin(start) {
  const source = new Frames(() => sharing?.wake(), () => {
    sharing?.stop();
    scope.postMessage({ type: 'ended' });
  });
  frames = source;
  sharing = new Sharing(start, source, (message) => scope.postMessage(message), browserJpegs(), browser());
  if (start.frames) {
    source.read(start.frames);
  } else if (start.track) {
    // Chromium has it in pages, Safari in workers only; tsc knows it not.
    const Processor = /** @type {any} */ (self).MediaStreamTrackProcessor;
    source.read(new Processor({ track: start.track, maxBufferSize: 1 }).readable);
  } else {
    asks = true;
    scope.postMessage({ type: 'want' });
  }
}

scope.onmessage = (/** @type {MessageEvent} */ event) => {
  /** @type {ToWorker} */
  const msg = event.data;
  if (msg.type === 'start') {
    begin(msg);
  } else if (msg.type === 'frame') {
    frames?.put(msg.frame);
    if (asks) setTimeout(() => scope.postMessage({ type: 'want' }), WANT_EVERY); // a worker's timers run in hidden tabs, too
  } else {
    sharing?.take(msg);
  }
};

// The page hears of errors in its worker, but not of promises that nobody waits for.
self.addEventListener('unhandledrejection', ({ reason }) => {
  self.setTimeout(() => {
    throw reason;
  });
});
