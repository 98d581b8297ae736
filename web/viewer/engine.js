// The engine: the connection, the picture, the state and the statistics of a viewer, without any
// DOM. It runs in a worker, or in the page where that cannot be, and speaks with the page in the
// messages of messages.js. In a worker neither a busy page nor the browser's scheduling of its
// tasks delays the stream; and data made to keep a decoder busy does not hold up the page.
import { Close, encodeAck, encodeControl, Kind, message, parseChunk, parseClip, parseControl, parseCursor, parseHeader, parsePointer, WireError } from '../shared/wire.js';
import { Screen } from '../shared/screen.js';
import { useLanguage } from '../shared/texts.js';
import { browser, Link } from '../shared/transport.js';
import { Files } from './files.js';
import { browserImages } from './images.js';
import { CopyOutlet, SharedOutlet } from './outlet.js';
import { Model } from './state.js';
import { Stats } from './stats.js';

/** @typedef {import('../shared/wire.js').Control} Control */
/** @typedef {import('../shared/screen.js').Applied} Applied */
/** @typedef {import('../shared/screen.js').Update} Update */
/** @typedef {import('./messages.js').FromEngine} FromEngine */
/** @typedef {import('./messages.js').ToEngine} ToEngine */

/** How long the last picture stays, dimmed, when the presenter is away without a goodbye. */
export const KEEP_PICTURE = 60_000; // ms
// More updates than this without a painted one are told of to the statistics before they are painted.
const MAX_UNPAINTED = 256;

export class Engine {
  #model = new Model();
  #stats;
  #screen;
  #link;
  #files;
  /** @type {import('./outlet.js').Outlet} */
  #outlet;
  /** @type {{token: number, applied: Applied, update: Update}[]} applied and not acked yet, oldest first */
  #unpainted = [];
  #token = 0; // of the newest update that was applied
  #restarted = 0; // the token when the stream began anew: up to it, all is void
  #work = 0; // ms of decoding since the last ack
  /** @type {import('../shared/picture.js').Picture | null} what the page was given last */
  #shown = null;
  #fresh = false; // the next paint is the first of its socket, epoch or grant
  #hadView = false;
  #hidden;
  #stream = 0; // that the relay sends, as it told last
  #resume;
  #inputSeq = 0;
  /** @type {number | null} until the dimmed picture goes */
  #keep = null;

  /**
   * @param {import('./messages.js').Start} start
   * @param {(message: FromEngine, transfer?: Transferable[]) => void} post
   * @param {import('../shared/screen.js').Images<any>} [images]
   * @param {import('../shared/transport.js').Browser} [env]
   */
  constructor(start, post, images = browserImages(), env = browser()) {
    useLanguage(start.language);
    this.post = post;
    this.env = env;
    this.#hidden = start.hidden;
    this.#resume = start.resume;
    const ahead = performance.timeOrigin - start.origin;
    this.#stats = new Stats(() => env.now() + ahead);
    /** @type {(frame: import('./messages.js').Frame, transfer?: Transferable[]) => void} */
    const give = (frame, transfer) => this.post({ type: 'frame', frame }, transfer);
    this.#outlet = start.shared ? new SharedOutlet(give) : new CopyOutlet(give);
    this.#screen = new Screen(images, {
      onParsed: (update) => this.#stats.parsed(update),
      onApplied: (applied, update) => this.#applied(applied, update),
      onResync: (seq) => this.#send(Kind.Resync, seq, { stream: this.#stream }),
    }, env.now);
    this.#link = new Link({
      pin: start.pin,
      name: () => start.name,
      resume: () => this.#resume,
      onState: (state) => this.#linked(state),
      onMessage: (msg) => this.#receive(msg),
    }, env);
    this.#files = new Files({
      now: env.now,
      setTimeout: env.setTimeout,
      clearTimeout: env.clearTimeout,
      number: () => 1 + Math.floor(env.random() * 0xffffffff) % 0xffffffff,
      say: (file) => this.#sendControls([{ type: 'file', file }]),
      send: (number, body) => this.#send(Kind.Chunk, number, { body }),
      buffered: () => this.#link.buffered,
      read: async (file, from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
      tell: (moves) => this.post({ type: 'files', moves }),
      arrived: (id, name, file) => this.post({ type: 'arrived', id, name, file }),
    });
    this.#link.start();
  }

  /** @param {ToEngine} msg from the page */
  take(msg) {
    switch (msg.type) {
      case 'input':
        if (msg.epoch !== this.#model.epoch) break;
        this.#send(Kind.Input, ++this.#inputSeq, { stream: msg.stream, body: msg.body });
        this.#stats.input(this.#inputSeq, msg.at);
        break;
      case 'point':
        if (msg.epoch === this.#model.epoch) this.#send(Kind.Point, 0, { stream: msg.stream, body: msg.body });
        break;
      case 'clip':
        this.#send(Kind.Clip, ++this.#inputSeq, { body: msg.body });
        break;
      case 'act':
        if (msg.action === 'now') this.#link.wake();
        else this.#act(msg.action);
        break;
      case 'watch':
        this.#sendControls(this.#model.watch(msg.stream));
        break;
      case 'painted':
        this.#painted(msg.token, msg.took);
        this.#outlet.taken(msg.buffer);
        break;
      case 'hidden':
        this.#setHidden(msg.hidden);
        break;
      case 'network':
        if (msg.online) this.#link.online();
        else this.#link.offline();
        break;
      case 'control':
        this.#sendControls([msg.control]);
        break;
      case 'send':
        this.#files.send(msg.files);
        break;
      case 'file':
        if (msg.what === 'ask') this.#files.ask();
        else this.#files.act(msg.id, msg.what);
        break;
      case 'figures':
        if (msg.fresh) this.#stats.open();
        if (msg.ping) this.#sendControls([{ type: 'ping', stamp: this.#stats.ping() }]);
        this.post({ type: 'figures', figures: this.#stats.snapshot() });
        break;
      case 'ping':
        this.post({ type: 'pong' });
        break;
    }
  }

  /** Ends for good; nothing is posted afterwards. */
  stop() {
    this.post = () => {};
    this.#link.stop();
    if (this.#keep !== null) this.env.clearTimeout(this.#keep);
  }

  /** @param {import('../shared/transport.js').LinkState} state */
  #linked(state) {
    if (state.phase === 'open') {
      this.#inputSeq = 0; // counts anew on each socket
      this.#stats.reconnect();
      this.#restart();
    }
    // Who was refused too often stays the same viewer: a reload is no way round it.
    if (state.phase === 'over' && state.code !== Close.Blocked && state.code !== 'blocked') this.#remember('');
    this.#model.onLink(state);
    if (state.phase === 'over') this.#files.end();
    else this.#files.onLink(state.phase === 'open');
    this.#show();
  }

  /** @param {string} resume */
  #remember(resume) {
    this.#resume = resume;
    this.post({ type: 'resume', resume });
  }

  /**
   * @param {number} kind
   * @param {number} seq
   * @param {{stream?: number, body?: Uint8Array}} [rest]
   */
  #send(kind, seq, { stream = 0, body } = {}) {
    this.#link.send(message({ kind, stream, epoch: this.#model.epoch, seq }, body));
  }

  /** @param {Control[]} controls */
  #sendControls(controls) {
    for (const c of controls) this.#send(Kind.Control, 0, { body: encodeControl(c) });
  }

  /** The stream begins anew: a key must come first, and acks of what came before are void. */
  #restart() {
    this.#screen.reset(this.#model.epoch, this.#stream);
    this.#unpainted = [];
    this.#restarted = this.#token;
    this.#work = 0;
    this.#stats.restart();
    this.#fresh = true;
  }

  /** @param {Uint8Array} msg */
  #receive(msg) {
    this.#stats.received(msg.length);
    try {
      const { header, body } = parseHeader(msg);
      switch (header.kind) {
        case Kind.Update:
          this.#screen.push(header, body);
          break;
        case Kind.Cursor:
          if (header.epoch === this.#model.epoch) this.post({ type: 'shape', shape: parseCursor(body) });
          break;
        case Kind.Pointer:
          if (header.epoch === this.#model.epoch) this.post({ type: 'place', place: parsePointer(body) });
          break;
        case Kind.Clip:
          if (header.epoch === this.#model.epoch) this.post({ type: 'clip', text: parseClip(body) });
          break;
        case Kind.Control:
          this.#control(parseControl(body));
          break;
        case Kind.Chunk: {
          const { offset, data } = parseChunk(body);
          if (header.epoch === this.#model.epoch) this.#files.onChunk(header.seq, offset, data);
          break;
        }
      }
    } catch (err) {
      if (!(err instanceof WireError)) throw err; // what breaks the protocol is ignored, our own mistakes are not
    }
  }

  /** @param {Control} c */
  #control(c) {
    if (c.type === 'pong') {
      this.#stats.pong(c.stamp ?? 0, c.queue ?? 0);
      return;
    }
    if (c.type === 'file') {
      this.#files.onControl(c);
      return;
    }
    const model = this.#model;
    const { epoch } = model;
    if (c.type === 'welcome' && c.resume) this.#remember(c.resume);
    const replies = model.onControl(c);
    if (model.epoch !== epoch) {
      this.#restart();
      this.post({ type: 'shape', shape: null });
    }
    if (c.type === 'state' && model.stream !== this.#stream) {
      this.#stream = model.stream; // the old picture stays until the first of this one
      this.#restart();
    }
    if (this.#hadView && !model.mayView && c.type === 'state') {
      this.#restart();
      this.#clear();
    }
    if (c.type === 'state') this.#hadView = model.mayView;
    this.#sendControls(replies);
    this.#files.onControl(c);
    this.#show();
    const { resume, ...rest } = c; // the secret is the engine's
    this.post({ type: 'control', control: rest });
  }

  /** The picture may not be seen any more. */
  #clear() {
    this.#screen.picture = null;
    this.#shown = null;
    this.#outlet.forget();
    this.post({ type: 'clear' });
  }

  #show() {
    const page = this.#model.page();
    this.post({ type: 'page', page, epoch: this.#model.epoch });
    const away = page.detail === 'presenter-away' && page.picture === 'dimmed';
    if (away === (this.#keep !== null)) return;
    if (this.#keep !== null) this.env.clearTimeout(this.#keep);
    this.#keep = away ? this.env.setTimeout(() => this.#dropPicture(), KEEP_PICTURE) : null;
  }

  #dropPicture() {
    this.#keep = null;
    this.#model.dropPicture();
    this.#clear();
    this.#show();
  }

  /** @param {'request' | 'continue' | 'again'} action */
  #act(action) {
    const model = this.#model;
    this.#sendControls(action === 'request' ? model.requestControl() : action === 'continue' ? model.goOn() : model.askView());
    this.#show();
  }

  /**
   * @param {Applied} applied
   * @param {Update} update
   */
  #applied(applied, update) {
    this.#unpainted.push({ token: ++this.#token, applied, update });
    if (this.#unpainted.length > MAX_UNPAINTED) this.#tell(this.#unpainted.splice(0, 1));
    this.#work += applied.took;
    // A hidden page is not painted but acks at once, so that it never holds back the presenter;
    // only a first picture, or one of another size, is given to it all the same.
    if (this.#hidden && this.#shown === this.#screen.picture) this.#ack(this.#take(this.#token));
    else this.#offer();
  }

  #offer() {
    const { picture } = this.#screen;
    if (!picture) return;
    this.#shown = picture;
    try {
      this.#outlet.offer(picture, this.#token);
    } catch (err) {
      if (!(err instanceof RangeError)) throw err;
      this.#giveUp(); // no memory to hand over so large a picture
    }
  }

  /** What the presenter sends cannot be shown here. */
  #giveUp() {
    this.#link.stop();
    this.#files.end();
    this.#model.fail('data');
    this.#clear();
    this.#show();
  }

  /**
   * Takes the updates up to a token out of the unpainted ones, and tells the statistics of them.
   * @param {number} token
   * @returns {Applied | null} the newest of them
   */
  #take(token) {
    const later = this.#unpainted.findIndex((u) => u.token > token);
    const done = this.#unpainted.splice(0, later < 0 ? this.#unpainted.length : later);
    this.#tell(done);
    return done.at(-1)?.applied ?? null;
  }

  /** @param {{applied: Applied, update: Update}[]} done */
  #tell(done) {
    for (const { applied, update } of done) this.#stats.applied(update, applied.took);
  }

  /**
   * @param {number} token
   * @param {number} took ms
   */
  #painted(token, took) {
    if (token <= this.#restarted) return;
    const newest = this.#take(token);
    if (newest) { // else it was acked when the page was hidden
      this.#stats.painted(took);
      this.#work += took;
      this.#ack(newest);
    }
    if (!this.#fresh) return;
    this.#fresh = false;
    this.#model.onPainted();
    this.#show();
  }

  /** @param {Applied | null} a */
  #ack(a) {
    if (!a) return;
    this.#send(Kind.Ack, a.seq, {
      stream: this.#stream,
      body: encodeAck({ captured: a.captured, part: a.part, took: 10 * this.#work, hidden: this.#hidden }),
    });
    this.#work = 0;
  }

  /** @param {boolean} hidden */
  #setHidden(hidden) {
    this.#hidden = hidden;
    if (hidden) {
      this.#stats.pause();
      this.#ack(this.#take(this.#token));
      return;
    }
    this.#link.wake();
    if (this.#shown && this.#shown.dirty.length > 0) this.#offer();
  }
}
