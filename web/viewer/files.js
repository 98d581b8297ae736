// The viewer's side of files: all transfers of this page, with the guest. The chapter "Files" of
// internal/wire/doc.go is what it speaks. It runs with the engine, so that neither the checksums nor
// a busy page are in each other's way. Pure: what it needs of the browser is injected.
import { Sha256 } from '../shared/sha256.js';
import { cleanFileName, encodeChunk, MAX_CHUNK_DATA, MAX_FILE_SIZE } from '../shared/wire.js';
import { keep, offer, over, PART, speedOf } from './filemove.js';
import { Receiver, Sender } from './filesender.js';
import { Window } from './filewindow.js';

/** @typedef {import('../shared/wire.js').FileControl} FileControl */
/** @typedef {import('../shared/wire.js').Control} Control */
/** @typedef {import('./filemove.js').Env} Env */
/** @typedef {import('./filemove.js').Inner} Inner */
/** @typedef {import('./filemove.js').Move} Move */

const PIECE = 1 << 20; // read at once
const MOST_BUFFERED = 64 << 10; // bytes that wait in the socket, which input would wait behind
const LOOK_AGAIN = 4; // ms, when that is full
const MAX_ASKING = 4; // offers and asks before the guest at once; the others wait here
const MAX_OFFERED = 16; // of the guest, before this page's person
const MOST_FAILED = 50; // of the list; else a guest that offers and cancels for ever would fill it
const RETURN_TIME = 30_000; // for the guest's side to offer again after an interruption
const TELL_EVERY = 250;
/** Larger files are not taken: they would have to fit into what a browser keeps for a page. */
export const MAX_DOWNLOAD = 8 * 2 ** 30;

export class Files {
  /** @type {Inner[]} oldest first */
  #all = [];
  #win = new Window();
  #up = false; // files can go now
  #attach = ''; // the socket and epoch in which they can
  #sockets = 0;
  #fresh = true; // nothing was said yet: transfers of a page before this one are over
  #me = 0;
  #ids = 0;
  #reading = false;
  /** @type {number | null} */
  #timer = null;
  #due = 0; // when it is
  /** @type {number | null} */
  #telling = null;
  #told = -Infinity;

  /** @param {Env} env */
  constructor(env) {
    this.env = env;
  }

  /** @returns {Move[]} */
  get moves() {
    return this.#all.map(({ move }) => ({ ...move }));
  }

  /** Nothing goes on: the session is over, or another computer has come. */
  end() {
    this.#away(); // before what fails makes room for what waits
    for (const one of [...this.#all]) this.#fail(one, 'lost');
  }

  /** The socket is open, or is gone. @param {boolean} open */
  onLink(open) {
    if (open) this.#sockets++;
    this.#away();
  }

  /**
   * Takes a control message.
   * @param {Control} c
   */
  onControl(c) {
    if (c.type === 'welcome') {
      this.#me = c.viewer ?? 0;
      if (!c.resumed) this.#fresh = false; // there was no page before
    }
    if (c.type === 'state') this.#state(c);
    if (c.type === 'file' && c.file && this.#up) this.#file(c.file);
  }

  /** @param {Control} c */
  #state(c) {
    const mine = c.viewers?.find((v) => v.viewer === this.#me);
    if (mine?.held) { // another computer: it is not the one that these files were for
      this.end();
    }
    const up = mine !== undefined && (mine.view ?? false) && !mine.held && (c.presenter?.attached ?? false);
    const attach = `${this.#sockets}/${c.epoch}`;
    if (!up || attach !== this.#attach) this.#away();
    if (!up || this.#up) return;
    this.#up = true;
    this.#attach = attach;
    if (this.#fresh) this.env.say({ op: 'cancel', number: 0, reason: 'reload' });
    this.#fresh = false;
    for (const one of this.#all) this.#again(one);
    this.#offerMore();
    this.#changed();
  }

  /** Nothing can go for now. */
  #away() {
    if (!this.#up) return;
    this.#up = false;
    this.#win.restart();
    for (const { move, sender } of this.#all) {
      sender?.pause();
      if (!over(move)) move.waiting = true;
    }
    this.#changed();
  }

  /**
   * Goes on after an interruption.
   * @param {Inner} one
   */
  #again(one) {
    const { move } = one;
    move.waiting = false;
    one.trail = [];
    const begun = move.state === 'moving' || move.state === 'checking' || move.state === 'offered';
    if (move.up && (begun || move.state === 'asking')) this.#say(one, offer(move));
    if (!move.up && move.state === 'asking') this.#say(one, { op: 'ask' });
    if (!begun) return;
    one.back = this.env.now() + RETURN_TIME; // the other side must know of it by then
    this.#later(RETURN_TIME);
  }

  // What the person does.

  /**
   * @param {{name: string, file: Blob}[]} files
   */
  send(files) {
    for (const { name, file } of files) {
      const one = this.#add({ up: true, name: cleanFileName(name), size: file.size, state: 'queued' });
      one.file = file;
      one.sender = new Sender(file.size, this.#win);
      if (file.size > MAX_FILE_SIZE) this.#fail(one, 'size');
    }
    this.#offerMore();
    this.#changed();
  }

  ask() {
    this.#add({ up: false, name: '', size: 0, state: 'queued' });
    this.#offerMore();
    this.#changed();
  }

  /**
   * @param {number} id
   * @param {'accept' | 'refuse' | 'cancel' | 'forget'} what
   */
  act(id, what) {
    const one = this.#all.find(({ move }) => move.id === id);
    if (!one) return;
    const { move } = one;
    if (what === 'forget' && over(move)) this.#all = this.#all.filter((o) => o !== one);
    else if (what === 'accept' && move.state === 'offered') this.#take(one);
    else if (what === 'refuse' && move.state === 'offered') {
      this.#say(one, { op: 'refuse', reason: 'no' });
      this.#all = this.#all.filter((o) => o !== one);
    } else if (what === 'cancel' && !over(move)) {
      if (move.state !== 'queued') this.#say(one, { op: 'cancel', reason: 'stopped' });
      this.#fail(one, 'stopped');
    }
    this.#changed();
  }

  /**
   * @param {Partial<Move> & Pick<Move, 'up' | 'name' | 'size' | 'state'>} move
   * @param {number} [number]
   * @returns {Inner}
   */
  #add(move, number = this.env.number()) {
    const one = {
      move: { id: ++this.#ids, at: 0, waiting: !this.#up, reason: '', speed: 0, ...move },
      number, hash: new Sha256(), trail: [], hashed: 0, piece: null, parts: [], buffer: new Uint8Array(0), filled: 0, back: 0, sum: '',
    };
    this.#all.push(one);
    return one;
  }

  /** Puts what waits here before the guest, as many as a person can take. */
  #offerMore() {
    if (!this.#up) return;
    let asking = this.#all.filter(({ move }) => move.state === 'asking').length;
    for (const one of this.#all) {
      if (asking >= MAX_ASKING) return;
      if (one.move.state !== 'queued') continue;
      one.move.state = 'asking';
      asking++;
      this.#say(one, one.move.up ? offer(one.move) : { op: 'ask' });
    }
  }

  /**
   * @param {Inner} one
   * @param {Omit<FileControl, 'number'>} file
   */
  #say(one, file) {
    if (this.#up) this.env.say({ number: one.number, ...file });
  }

  /**
   * @param {Inner} one
   * @param {string} reason
   */
  #fail(one, reason) {
    if (over(one.move)) return;
    Object.assign(one.move, { state: 'failed', reason, waiting: false, speed: 0 });
    this.#release(one);
    const failed = this.#all.filter((o) => o.move.state === 'failed');
    if (failed.length > MOST_FAILED) this.#all = this.#all.filter((o) => o !== failed[0]);
    this.#offerMore();
    this.#pump(); // the next one's turn
    this.#changed();
  }

  /** Forgets the bytes. @param {Inner} one */
  #release(one) {
    one.sender?.pause();
    one.piece = null;
    one.parts = [];
    one.buffer = new Uint8Array(0);
    one.file = undefined;
  }

  // What the guest's side says.

  /** @param {FileControl} s */
  #file(s) {
    const now = this.env.now();
    const one = this.#all.find(({ number }) => number === s.number);
    if (s.op === 'offer') {
      this.#offered(one, s);
      return;
    }
    if (!one || over(one.move)) {
      if (s.op === 'accept' || s.op === 'ack') this.env.say({ op: 'cancel', number: s.number, reason: 'lost' });
      return;
    }
    const { move, sender } = one;
    switch (s.op) {
      case 'accept':
        if (sender && move.state !== 'queued') this.#accepted(one, s.offset ?? 0, now);
        break;
      case 'ack':
        if (!sender || move.state !== 'moving') break;
        sender.acked(s.offset ?? 0, s.again ?? false, now);
        move.at = sender.at;
        this.#soon();
        this.#check(one);
        this.#pump();
        break;
      case 'done':
        if (move.up) {
          if (move.state === 'checking') this.#finish(one);
        } else this.#compare(one, s.sha256 ?? '');
        break;
      case 'refuse':
      case 'cancel':
        this.#fail(one, s.reason || 'stopped');
        break;
    }
  }

  /**
   * The guest's side has begun to take a file, or goes on.
   * @param {Inner} one
   * @param {number} offset
   * @param {number} now
   */
  #accepted(one, offset, now) {
    const { move, sender } = one;
    if (!sender || sender.moving || offset > one.hashed) return;
    if (offset === 0) {
      one.hash = new Sha256();
      one.hashed = 0;
    }
    one.back = 0;
    sender.begin(offset, now);
    move.state = 'moving';
    move.at = offset;
    one.trail = [];
    this.#offerMore();
    this.#check(one);
    this.#pump();
    this.#changed();
  }

  /** All has arrived: the other side compares. @param {Inner} one */
  #check(one) {
    if (one.move.state !== 'moving' || !one.sender?.done) return;
    one.move.state = 'checking';
    one.sum ||= one.hash.hex();
    this.#say(one, { op: 'done', sha256: one.sum });
    this.#changed();
  }

  /** @param {Inner} one */
  #finish(one) {
    one.back = 0;
    one.move.state = 'done';
    one.move.at = one.move.size;
    one.move.speed = 0;
    this.#release(one);
    this.#pump(); // the next one's turn
    this.#changed();
  }

  /**
   * The guest's side offers a file, or does so again after an interruption.
   * @param {Inner | undefined} one
   * @param {FileControl} s
   */
  #offered(one, s) {
    const name = cleanFileName(s.name ?? '');
    const size = s.size ?? 0;
    if (!one) {
      const reason = size > MAX_DOWNLOAD ? 'size' : this.#all.filter(({ move }) => move.state === 'offered').length >= MAX_OFFERED ? 'busy' : '';
      if (reason) {
        this.env.say({ op: 'refuse', number: s.number, reason });
        return;
      }
      this.#add({ up: false, name, size, state: 'offered' }, s.number);
      this.#changed();
      return;
    }
    const { move } = one;
    one.back = 0;
    if (!move.up && move.state === 'asking') { // it was asked for
      Object.assign(move, { name, size });
      if (size > MAX_DOWNLOAD) {
        this.#say(one, { op: 'refuse', reason: 'size' });
        this.#fail(one, 'size');
      } else this.#take(one);
    } else if (move.up || move.name !== name || move.size !== size || move.state === 'failed') {
      this.#say(one, { op: 'cancel', reason: 'lost' });
      this.#fail(one, 'lost');
    } else if (move.state === 'moving') this.#say(one, { op: 'accept', offset: one.receiver?.at ?? 0 });
    else if (move.state === 'done') this.#say(one, { op: 'done', sha256: one.sum });
    this.#changed();
  }

  /** @param {Inner} one */
  #take(one) {
    one.move.state = 'moving';
    one.receiver = new Receiver(one.move.size);
    one.buffer = new Uint8Array(Math.min(PART, one.move.size));
    this.#say(one, { op: 'accept', offset: 0 });
    this.#offerMore();
  }

  /**
   * Takes a chunk.
   * @param {number} number
   * @param {number} offset
   * @param {Uint8Array} data
   */
  onChunk(number, offset, data) {
    const one = this.#all.find((o) => o.number === number);
    if (!one?.receiver || one.move.state !== 'moving') return;
    const { take, again } = one.receiver.take(offset, data.length);
    if (take) {
      one.hash.update(data);
      keep(one, data);
      one.move.at = one.receiver.at;
      this.#soon();
    }
    this.#say(one, { op: 'ack', offset: one.receiver.at, ...(again && { again }) });
  }

  /**
   * The guest's side says that this was all.
   * @param {Inner} one
   * @param {string} sum
   */
  #compare(one, sum) {
    const { move, receiver } = one;
    if (move.state !== 'moving' || !receiver?.done) return;
    one.sum = one.hash.hex();
    if (one.sum !== sum) {
      this.#say(one, { op: 'cancel', reason: 'checksum' });
      this.#fail(one, 'checksum');
      return;
    }
    const file = new Blob(one.parts, { type: 'application/octet-stream' }); // never shown by the browser itself
    this.#finish(one);
    this.#say(one, { op: 'done', sha256: sum });
    this.env.arrived(move.id, move.name, file);
  }

  // What goes.

  /** Sends what may go: of the oldest upload that was accepted. */
  #pump() {
    if (!this.#up || this.#reading) return;
    const one = this.#all.find(({ move }) => move.up && move.state === 'moving');
    if (!one?.sender || !one.file) return;
    const { sender, file } = one;
    for (;;) {
      const { offset, n } = sender.next(MAX_CHUNK_DATA);
      if (n === 0) {
        if (sender.lost) {
          this.#say(one, { op: 'cancel', reason: 'lost' });
          this.#fail(one, 'lost');
          return;
        }
        const wait = sender.expire(this.env.now());
        this.#later(wait);
        if (wait > 0 || sender.next(MAX_CHUNK_DATA).n === 0) return;
        continue; // too long without an ack: it has gone back to the newest one
      }
      if (this.env.buffered() > MOST_BUFFERED) {
        this.#later(LOOK_AGAIN);
        return;
      }
      const { piece } = one;
      if (!piece || offset < piece.from || offset + n > piece.from + piece.bytes.length) {
        this.#read(one, file, offset);
        return;
      }
      const data = piece.bytes.subarray(offset - piece.from, offset - piece.from + n);
      if (offset + n > one.hashed) {
        one.hash.update(data.subarray(one.hashed - offset));
        one.hashed = offset + n;
      }
      this.env.send(one.number, encodeChunk(offset, data));
      sender.sent(n, this.env.now());
    }
  }

  /**
   * @param {Inner} one
   * @param {Blob} file
   * @param {number} from
   */
  async #read(one, file, from) {
    this.#reading = true;
    /** @type {Uint8Array | null} */
    let bytes = null;
    try {
      bytes = await this.env.read(file, from, Math.min(from + PIECE, one.move.size));
    } catch {
      // what browsers say of a file that was changed or is gone differs; it is the same to us
    }
    this.#reading = false;
    if (over(one.move)) {
      this.#pump();
      return;
    }
    if (!bytes || bytes.length < Math.min(PIECE, one.move.size - from)) {
      this.#say(one, { op: 'cancel', reason: 'changed' });
      this.#fail(one, 'changed');
    } else one.piece = { from, bytes };
    this.#pump();
  }

  /** Looks again in so many ms, if that is sooner than planned. @param {number} ms 0: not */
  #later(ms) {
    const due = this.env.now() + ms;
    if (ms <= 0 || (this.#timer !== null && this.#due <= due)) return;
    if (this.#timer !== null) this.env.clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = this.env.setTimeout(() => {
      this.#timer = null;
      const now = this.env.now();
      for (const one of this.#all) {
        if (one.back > 0 && this.#up && !over(one.move)) {
          if (now >= one.back) this.#fail(one, 'lost');
          else this.#later(one.back - now);
        }
      }
      this.#pump();
    }, ms);
  }

  // What the page is told.

  /** Something is so much further. */
  #soon() {
    if (this.#telling !== null) return;
    const wait = Math.max(this.#told + TELL_EVERY - this.env.now(), 0);
    this.#telling = this.env.setTimeout(() => this.#changed(), wait);
  }

  #changed() {
    if (this.#telling !== null) this.env.clearTimeout(this.#telling);
    this.#telling = null;
    const now = this.#told = this.env.now();
    for (const one of this.#all) one.move.speed = one.move.state === 'moving' && !one.move.waiting ? speedOf(one.trail, now, one.move.at) : 0;
    this.env.tell(this.moves);
  }
}
