// The viewer page: wires the engine, the canvas, the cursor, the input and what else is on the
// page together.
import { startLanguage } from '../shared/language.js';
import { pinOfFragment } from '../shared/pin.js';
import { loadName, loadResume, loadStatsOpen, saveResume, saveStatsOpen } from '../shared/stored.js';
import { language } from '../shared/texts.js';
import { RemoteCursor } from './cursor.js';
import { Host } from './host.js';
import { Input } from './input.js';
import { Painter } from './paint.js';
import { Model } from './state.js';
import { StatsPanel } from './statspanel.js';
import { element, UI } from './ui.js';
import { Viewport } from './viewport.js';

/** @typedef {import('./state.js').Page} Page */

await startLanguage();

const canvas = element('screen', HTMLCanvasElement);
const pin = pinOfFragment(location.hash);
const ui = new UI(act);
const statsPanel = new StatsPanel(element('stats', HTMLElement), ui.stats, {
  open: loadStatsOpen(),
  onToggled: saveStatsOpen,
  ask: (fresh, ping) => host?.post({ type: 'figures', fresh, ping }),
});
const painter = new Painter(canvas, (token, took, buffer, resized) => {
  host?.post({ type: 'painted', token, took, buffer }, buffer ? [buffer] : []);
  if (resized || viewport.stale) viewport.place();
});
const cursor = new RemoteCursor(canvas, element('pointer', HTMLCanvasElement));
const viewport = new Viewport(element('stage', HTMLElement), element('sheet', HTMLElement), canvas, () => {
  cursor.scale = viewport.scale;
});
let epoch = 0; // whose state the page shows
const input = new Input(canvas, element('keys', HTMLTextAreaElement), {
  picture: () => painter.size,
  send: (body, at) => {
    host?.post({ type: 'input', epoch, body, at }, [body.buffer]);
    painter.look();
  },
  leave: () => (ui.request.hidden || ui.request.disabled ? ui.mode : ui.request).focus(),
});
/** @type {Host | null} */
let host = null;

/** @param {import('./messages.js').FromEngine} msg */
function receive(msg) {
  switch (msg.type) {
    case 'frame': painter.frame(msg.frame); break;
    case 'clear': painter.clear(); break;
    case 'place': cursor.setPlace(msg.place); break;
    case 'shape':
      if (msg.shape) cursor.setShape(msg.shape);
      else cursor.forget();
      break;
    case 'page':
      epoch = msg.epoch;
      show(msg.page);
      break;
    case 'resume': saveResume(pin ?? '', msg.resume); break;
    case 'figures': statsPanel.show(msg.figures); break;
  }
}

/** @param {Page} page */
function show(page) {
  ui.show(page);
  input.on = page.input;
  cursor.own = page.input;
  statsPanel.available = page.picture !== 'none';
}

/** @param {'pin' | 'data'} detail */
function fail(detail) {
  const model = new Model();
  model.fail(detail);
  show(model.page());
}

/** @param {import('./state.js').Action | 'request' | 'mode' | 'fullscreen' | 'stats'} action */
function act(action) {
  switch (action) {
    case 'request':
      host?.post({ type: 'act', action });
      input.focus();
      break;
    case 'continue':
    case 'again':
      host?.post({ type: 'act', action });
      break;
    case 'mode':
      viewport.mode = viewport.mode === 'fit' ? 'exact' : 'fit';
      ui.showMode(viewport.mode);
      input.focus();
      break;
    case 'fullscreen': toggleFullscreen(); break;
    case 'stats':
      statsPanel.toggle();
      if (input.on) input.focus();
      break;
    case 'home': location.assign('/'); break;
    case 'here':
    case 'retry': location.reload(); break;
  }
}

async function toggleFullscreen() {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else {
      await document.documentElement.requestFullscreen({ navigationUI: 'hide' });
      // Where it exists: Escape, Alt+Tab and the like go to the remote screen as well.
      await /** @type {any} */ (navigator).keyboard?.lock?.();
    }
    input.focus();
  } catch {
    // refused by the browser: the window stays as it is
  }
}

ui.showMode(viewport.mode);
// Beside the picture there is nothing to click on: the keyboard stays with the picture.
element('stage', HTMLElement).addEventListener('click', () => {
  if (input.on) input.focus();
});
window.addEventListener('hashchange', () => location.reload());
window.addEventListener('online', () => host?.post({ type: 'network', online: true }));
window.addEventListener('offline', () => host?.post({ type: 'network', online: false }));
document.addEventListener('visibilitychange', () => host?.post({ type: 'hidden', hidden: document.hidden }));

show(new Model().page());
if (pin) {
  host = new Host({
    pin, name: loadName(), resume: loadResume(pin), language: language(), hidden: document.hidden, origin: performance.timeOrigin,
  }, receive, () => {
    painter.clear();
    fail('data');
  }, new URLSearchParams(location.search).get('engine'));
} else {
  fail('pin');
}
