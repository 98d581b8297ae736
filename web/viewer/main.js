// The viewer page: wires link, model, screen, painter and input together.
import { Close, encodeControl, Kind, message, parseControl, parseCursor, parseHeader, parsePointer, WireError } from '../shared/wire.js';
import { Screen } from '../shared/screen.js';
import { pinOfFragment } from '../shared/pin.js';
import { loadName, loadResume, loadStatsOpen, saveResume, saveStatsOpen } from '../shared/stored.js';
import { useLanguage } from '../shared/texts.js';
import { RemoteCursor } from './cursor.js';
import { browserImages } from './images.js';
import { Input } from './input.js';
import { Painter } from './paint.js';
import { Model } from './state.js';
import { Stats } from './stats.js';
import { StatsPanel } from './statspanel.js';
import { Link } from './transport.js';
import { element, UI } from './ui.js';
import { Viewport } from './viewport.js';

/** @typedef {import('../shared/wire.js').Control} Control */

document.documentElement.lang = useLanguage(navigator.languages);

const canvas = element('screen', HTMLCanvasElement);
const model = new Model();
const ui = new UI(act);
const stats = new Stats();
const statsPanel = new StatsPanel(element('stats', HTMLElement), ui.stats, stats, {
  open: loadStatsOpen(),
  onToggled: saveStatsOpen,
  ping: (stamp) => sendControls([{ type: 'ping', stamp }]),
});
const pin = pinOfFragment(location.hash);
let inputSeq = 0;
let hadView = false;

const screen = new Screen(browserImages(), {
  onParsed: (update) => stats.parsed(update),
  onApplied: (applied, update) => {
    stats.applied(update, applied.took);
    painter.applied(applied);
  },
  onResync: (seq) => send(Kind.Resync, seq),
});

const painter = new Painter(canvas, () => screen.picture, {
  onAck: (seq, body) => send(Kind.Ack, seq, body),
  onPainted: (_, resized, took) => {
    stats.painted(took);
    canvas.dataset.seq = String(screen.seq);
    if (resized || viewport.stale) viewport.place();
    if (fresh) {
      fresh = false;
      model.onPainted();
      show();
    }
  },
});
let fresh = false; // the next paint is the first of its socket, epoch or grant

const cursor = new RemoteCursor(canvas, element('pointer', HTMLCanvasElement));
const viewport = new Viewport(element('stage', HTMLElement), element('sheet', HTMLElement), canvas, () => {
  cursor.scale = viewport.scale;
});
const input = new Input(canvas, element('keys', HTMLTextAreaElement), {
  picture: () => screen.picture,
  send: (body, at) => {
    send(Kind.Input, ++inputSeq, body);
    stats.input(inputSeq, at);
  },
  leave: () => (ui.request.hidden || ui.request.disabled ? ui.mode : ui.request).focus(),
});

const link = new Link({
  pin: pin ?? '',
  name: loadName,
  resume: () => loadResume(pin ?? ''),
  onState: (state) => {
    if (state.phase === 'open') {
      inputSeq = 0; // counts anew on each socket
      stats.reconnect();
      restart();
    }
    // Who was refused too often stays the same viewer: a reload is no way round it.
    if (state.phase === 'over' && state.code !== Close.Blocked) saveResume(pin ?? '', '');
    model.onLink(state);
    show();
  },
  onMessage: receive,
});

/**
 * @param {number} kind
 * @param {number} seq
 * @param {Uint8Array} [body]
 */
function send(kind, seq, body) {
  link.send(message({ kind, epoch: model.epoch, seq }, body));
}

/** @param {Control[]} controls */
function sendControls(controls) {
  for (const c of controls) send(Kind.Control, 0, encodeControl(c));
}

/** The stream begins anew: a key must come first. */
function restart() {
  screen.reset(model.epoch);
  painter.forget();
  stats.restart();
  fresh = true;
}

/** @param {Uint8Array} msg */
function receive(msg) {
  stats.received(msg.length);
  try {
    const { header, body } = parseHeader(msg);
    switch (header.kind) {
      case Kind.Update:
        screen.push(header, body);
        break;
      case Kind.Cursor:
        if (header.epoch === model.epoch) cursor.setShape(parseCursor(body));
        break;
      case Kind.Pointer:
        if (header.epoch === model.epoch) cursor.setPlace(parsePointer(body));
        break;
      case Kind.Control:
        control(parseControl(body));
        break;
    }
  } catch (err) {
    if (!(err instanceof WireError)) throw err; // what breaks the protocol is ignored, our own mistakes are not
  }
}

/** @param {Control} c */
function control(c) {
  if (c.type === 'pong') {
    stats.pong(c.stamp ?? 0, c.queue ?? 0);
    return;
  }
  const { epoch } = model;
  if (c.type === 'welcome' && c.resume) saveResume(pin ?? '', c.resume);
  const replies = model.onControl(c);
  if (model.epoch !== epoch) {
    restart();
    cursor.forget();
  }
  if (hadView && !model.mayView && c.type === 'state') {
    restart();
    screen.picture = null;
    painter.clear();
  }
  if (c.type === 'state') hadView = model.mayView;
  sendControls(replies);
  show();
}

function show() {
  const page = model.page();
  ui.show(page);
  input.on = page.input;
  cursor.own = page.input;
  statsPanel.available = page.picture !== 'none';
}

/** @param {import('./state.js').Action | 'request' | 'mode' | 'fullscreen' | 'stats'} action */
function act(action) {
  switch (action) {
    case 'request': sendControls(model.requestControl()); input.focus(); break;
    case 'continue': sendControls(model.goOn()); break;
    case 'again': sendControls(model.askView()); break;
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
  show();
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
window.addEventListener('online', () => link.online());
window.addEventListener('offline', () => link.offline());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) stats.pause();
  else link.wake();
});

if (pin) link.start();
else model.fail('pin');
show();
