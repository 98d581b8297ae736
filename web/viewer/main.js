// The viewer page: wires the engine, the canvas, the cursor, the input and the features of the
// shell together. docs/architecture.md says how a feature is added.
import { startLanguage } from '../shared/language.js';
import { pinOfFragment } from '../shared/pin.js';
import { loadName, loadResume, loadStatsOpen, saveResume, saveStatsOpen } from '../shared/stored.js';
import { language, t } from '../shared/texts.js';
import { RemoteCursor } from './cursor.js';
import { Host } from './host.js';
import { Input } from './input.js';
import { areaOf } from './monitors.js';
import { Painter } from './paint.js';
import { Model } from './state.js';
import { StatsPanel } from './statspanel.js';
import { autohide } from './ui/autohide.js';
import { chat } from './ui/chat.js';
import { clipboard } from './ui/clipboard.js';
import { condition } from './ui/condition.js';
import { elevate } from './ui/elevate.js';
import { control } from './ui/control.js';
import { course } from './ui/course.js';
import { element } from '../shared/ui/element.js';
import { keys } from './ui/keys.js';
import { monitors } from './ui/monitors.js';
import { files } from './ui/files.js';
import { people } from './ui/people.js';
import { point } from './ui/point.js';
import { screen } from './ui/screen.js';
import { Shell } from './ui/shell.js';
import { closeByEscape } from './ui/side.js';
import { snapshot } from './ui/snapshot.js';
import { zoom } from './ui/zoom.js';
import { Viewport } from './viewport.js';

/** @typedef {import('./state.js').Page} Page */

await startLanguage();

const canvas = element('screen', HTMLCanvasElement);
const pin = pinOfFragment(location.hash);
const shell = new Shell(new Model().page(), { action: act, back });
const statsPanel = new StatsPanel(element('stats', HTMLElement), {
  open: loadStatsOpen(),
  onToggled: (open) => {
    saveStatsOpen(open);
    shell.update();
  },
  ask: (fresh, ping) => host?.post({ type: 'figures', fresh, ping }),
});
const painter = new Painter(canvas, (token, took, buffer, resized) => {
  host?.post({ type: 'painted', token, took, buffer }, buffer ? [buffer] : []);
  if (resized || viewport.stale) viewport.place();
  placePointer();
});
const cursor = new RemoteCursor(canvas, element('pointer', HTMLCanvasElement));
const viewport = new Viewport(element('stage', HTMLElement), element('sheet', HTMLElement), canvas, () => {
  cursor.scale = viewport.scale;
});
let epoch = 0; // whose state the page shows
const input = new Input(canvas, element('keys', HTMLTextAreaElement), {
  picture: () => painter.size,
  send: (body, at) => {
    host?.post({ type: 'input', epoch, stream: painter.size?.stream ?? 0, body, at }, [body.buffer]);
    painter.look();
  },
  leave: () => shell.focusBar(),
  pointer: () => cursor.place,
  spot: (place) => {
    cursor.own = place === null && app.page.input;
    if (!place) return;
    cursor.put(place);
    if (input.touch.mode === 'trackpad') viewport.reveal(place);
  },
  hint: (at) => ring(at),
  pannable: () => viewport.overflows,
  grip: () => viewport.grip(),
  zoom: (factor, x, y, dx, dy) => {
    viewport.pan(-dx, -dy);
    if (factor !== 1) viewport.zoomBy(factor, { x, y });
    shell.update();
  },
});
/** @type {Host | null} */
let host = null;
/** @type {Map<string, ((message: any) => void)[]>} */
const hearers = new Map();

/** @type {import('./ui/parts.js').App} */
const app = {
  shell, pin: pin ?? '', organisation: '', page: shell.page, input, viewport, painter, canvas, act,
  post: (message, transfer) => host?.post(message, transfer),
  send: (c) => host?.post({ type: 'control', control: c }),
  on: (type, hear) => { hearers.set(type, [...hearers.get(type) ?? [], hear]); },
};

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
  for (const hear of hearers.get(msg.type) ?? []) hear(msg);
}

/** @param {Page} page */
function show(page) {
  const before = app.page;
  app.page = page;
  input.on = page.input;
  cursor.own = page.input;
  placePointer();
  statsPanel.available = page.picture !== 'none';
  if (page.detail === 'paused' && before.detail !== 'paused') shell.notify({ id: 'paused', text: `${t('paused.title')}. ${t('paused.text')}`, mood: 'busy', ms: 0, fixed: true });
  if (page.detail !== 'paused') shell.dismiss('paused');
  shell.show(page);
}

/** The remote pointer is drawn where it is in the picture that is on the canvas. */
function placePointer() {
  const stream = painter.size?.stream ?? 0;
  cursor.area = stream === 0 ? null : areaOf(app.page.monitors, stream) ?? { x: 0, y: 0, w: 0, h: 0 };
}

/** @param {'pin' | 'data'} detail */
function fail(detail) {
  const model = new Model();
  model.fail(detail);
  receive({ type: 'page', page: model.page(), epoch });
}

/** @param {import('./state.js').Action | 'request'} action */
function act(action) {
  switch (action) {
    case 'request':
    case 'continue':
    case 'again':
    case 'now':
      host?.post({ type: 'act', action });
      break;
    case 'home':
    case 'leave': location.assign('/'); break;
    case 'new': location.assign('/new'); break;
    case 'log': talk.save(); break;
    case 'here':
    case 'retry': location.reload(); break;
  }
}

/** The keyboard goes back to the remote screen, if it is used. */
function back() {
  if (input.on) input.focus();
}

/**
 * Where a touch is held.
 * @param {{x: number, y: number} | null} at in the window
 */
function ring(at) {
  const el = element('ring', HTMLElement);
  el.hidden = at === null;
  if (at) [el.style.left, el.style.top] = [`${at.x}px`, `${at.y}px`];
}

closeByEscape(shell, element('side', HTMLElement));
control(app);
keys(app);
screen(app, statsPanel);
zoom(app);
snapshot(app);
monitors(app);
people(app);
point(app, (body) => host?.post({ type: 'point', epoch, stream: painter.size?.stream ?? 0, body }, [body.buffer]));
autohide(app);
const talk = chat(app);
course(app, talk);
files(app);
clipboard(app);
condition(app);
elevate(app);

// Beside the picture there is nothing to click on: the keyboard stays with the picture.
element('stage', HTMLElement).addEventListener('click', back);
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
