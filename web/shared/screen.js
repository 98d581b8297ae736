// The viewer's end of one stream: takes update messages in, holds the rules of numbering and
// catching up, and keeps the picture. No DOM: JPEG decoding is injected, so that this file runs
// in a page, in a worker and in node.
//
// Work is in two steps. As it arrives, an update is numbered, decompressed and parsed, and its
// JPEG blobs start to decode; then it waits in a queue until all before it are applied. Nearly
// always the queue is empty and nothing must be waited for: both steps are then one call.
import { Flag, OpCode, parseOp, parseUpdate, WireError } from './wire.js';
import { jpegSize } from './jpeg.js';
import { Picture } from './picture.js';
import { Frame } from './zstd.js';

/** @typedef {import('./wire.js').Header} Header */
/** @typedef {import('./wire.js').UpdateHead} UpdateHead */
/** @typedef {import('./wire.js').Op} Op */

/**
 * Decodes JPEGs. T is whatever the decoder holds between decode and read.
 * @template T
 * @typedef {object} Images
 * @property {(jpeg: Uint8Array, w: number, h: number) => Promise<T>} decode fails unless the image is w x h
 * @property {(image: T, w: number, h: number) => Uint8ClampedArray} read RGBA bytes of the image scaled to w x h
 * @property {(image: T) => void} close
 */

/**
 * What was applied, for the ack.
 * @typedef {object} Applied
 * @property {number} seq
 * @property {number} part
 * @property {number} captured
 * @property {number} took ms from arrival until applied
 */

/**
 * What statistics need of an update; to be read at once and not kept.
 * @typedef {object} Update
 * @property {number} flags of its header
 * @property {number} input
 * @property {Op[]} ops
 * @property {number} packed length of its compressed op block
 * @property {number} blobs length of its JPEGs
 */

/**
 * @template T
 * @typedef {object} Job
 * @property {UpdateHead} head
 * @property {Update} update
 * @property {boolean} key
 * @property {number} seq the viewer's seq once this is applied
 * @property {number} part
 * @property {JpegBlob[]} blobs
 * @property {Promise<T>[]} images in the order of blobs; begun lazily
 * @property {number} arrived
 * @property {number} raw bytes held
 */
/** @typedef {{bytes: Uint8Array, w: number, h: number}} JpegBlob a JPEG and its own size */

// What may wait behind the update that is being applied, in bytes of op blocks and blobs. An
// honest presenter is paced by acks and stays far below.
const MAX_WAITING = 64 << 20;

/** @template T */
export class Screen {
  /** @type {Picture | null} what is on the screen; null before the first key */
  picture = null;
  seq = 0;
  part = 0;
  dropped = 0; // messages that rules or errors made it ignore

  #epoch = 0;
  #stream = 0;
  #needKey = true;
  #nextSeq = 0; // as seq and part, for arriving updates: these may be ahead of what is applied
  #nextPart = 0;
  /** @type {{width: number, height: number, layout: number} | null} */
  #size = null;
  /** @type {Frame | null} */
  #frame = null;
  /** @type {Job<T>[]} */
  #queue = [];
  #waiting = 0;
  #busy = false;
  #generation = 0; // changes when all that is under way became void

  /**
   * @param {Images<T>} images
   * @param {object} events
   * @param {(applied: Applied, update: Update) => void} events.onApplied
   * @param {(update: Update) => void} [events.onParsed] as an update arrives that will be applied
   * @param {(seq: number) => void} events.onResync asks the relay for a key
   * @param {() => number} [now] ms
   */
  constructor(images, events, now = () => performance.now()) {
    this.images = images;
    this.events = events;
    this.now = now;
  }

  /**
   * Forgets all state of the stream, as for a new epoch or a new socket: a key must come first.
   * The old picture stays until then.
   * @param {number} epoch updates of any other are ignored
   * @param {number} [stream] as epoch
   */
  reset(epoch, stream = 0) {
    this.#epoch = epoch;
    this.#stream = stream;
    this.seq = 0;
    this.part = 0;
    this.#size = null;
    this.#void();
  }

  #void() {
    this.#needKey = true;
    this.#nextSeq = this.seq;
    this.#frame = null;
    this.#dropQueue();
    this.#generation++;
    this.#busy = false;
  }

  #dropQueue() {
    for (const job of this.#queue) this.#discard(job);
    this.#queue = [];
    this.#waiting = 0;
  }

  /** @param {Job<T>} job */
  #discard(job) {
    for (const image of job.images) image.then((i) => this.images.close(i), () => {});
    job.images = [];
  }

  /**
   * Takes an update message. Whatever is in it, this never throws.
   * @param {Header} header
   * @param {Uint8Array} body kept until it is applied
   */
  push(header, body) {
    if (header.epoch !== this.#epoch || header.stream !== this.#stream) {
      this.dropped++;
      return;
    }
    /** @type {Job<T> | null} */
    let job;
    try {
      job = this.#accept(header, body);
    } catch (err) {
      if (!(err instanceof Error)) throw err;
      this.dropped++;
      this.#fail();
      return;
    }
    if (!job) {
      this.dropped++;
      return;
    }
    if (this.#busy && this.#waiting + job.raw > MAX_WAITING) {
      this.dropped++;
      this.#fail();
      return;
    }
    this.events.onParsed?.(job.update);
    this.#queue.push(job);
    this.#waiting += job.raw;
    if (!this.#busy) this.#drain();
  }

  /**
   * Something is wrong: asks for a key and applies nothing until it arrives. Asks once, since
   * all but keys are dropped from now on; again only when that key is wrong as well.
   */
  #fail() {
    this.#void();
    this.events.onResync(this.seq);
  }

  /**
   * The rules of numbering; then decompresses and parses.
   * @param {Header} header
   * @param {Uint8Array} body
   * @returns {Job<T> | null} null for what is dropped without harm
   */
  #accept({ flags, seq }, body) {
    const arrived = this.now();
    const key = (flags & Flag.Key) !== 0;
    const catchUp = (flags & Flag.CatchUp) !== 0;
    if (!key) {
      if (this.#needKey) return null;
      if (catchUp ? seq !== this.#nextSeq : seq <= this.#nextSeq) return null;
      if (!catchUp && seq !== this.#nextSeq + 1) throw new WireError('updates are missing');
    } else if (!catchUp && this.#size && seq <= this.#nextSeq) {
      return null;
    }
    const { head, packed, blobs } = parseUpdate(body);
    const { width, height, layout } = head;
    if (!key && (!this.#size || this.#size.width !== width || this.#size.height !== height ||
        this.#size.layout !== layout)) {
      throw new WireError('another size without a key');
    }
    let frame = this.#frame;
    if (catchUp || (flags & Flag.Reset) !== 0) frame = new Frame();
    else if (key) frame = null; // a key needs nothing earlier, so no earlier frame either
    /** @type {Uint8Array} */
    let block = new Uint8Array(0);
    if (head.raw > 0) {
      if (!frame) throw new WireError('no compressor frame');
      block = frame.push(packed, head.raw);
    }
    const { ops, images } = parseOps(block, head, blobs);
    // All is well: only now the state changes.
    if (!catchUp) this.#frame = frame;
    else if (key) this.#frame = null; // the next numbered update resets it
    if (key) {
      this.#needKey = false;
      this.#size = { width, height, layout };
      this.#nextPart = 0;
    }
    this.#nextSeq = seq;
    if (catchUp) this.#nextPart = head.part;
    return {
      head, key, seq, part: this.#nextPart, blobs: images, images: [], arrived,
      update: { flags, input: head.input, ops, packed: packed.length, blobs: blobs.length },
      raw: block.length + blobs.length,
    };
  }

  /** Applies what is in the queue, in order; goes on by itself when a JPEG must be waited for. */
  #drain() {
    while (!this.#busy && this.#queue.length > 0) {
      const job = this.#queue[0];
      if (job.blobs.length === 0) {
        this.#shift();
        this.#apply(job, []);
        continue;
      }
      this.#busy = true;
      this.#applyImages(job, this.#generation);
    }
  }

  #shift() {
    const job = this.#queue.shift();
    if (job) this.#waiting -= job.raw;
  }

  /**
   * @param {Job<T>} job the first of the queue
   * @param {number} generation
   */
  async #applyImages(job, generation) {
    this.#shift();
    /** @type {T[]} */
    let images = [];
    let ok = true;
    try {
      job.images = job.blobs.map((b) => this.images.decode(b.bytes, b.w, b.h));
      images = await Promise.all(job.images);
    } catch {
      ok = false;
    }
    if (generation !== this.#generation || !ok) {
      this.#discard(job);
      if (generation === this.#generation) {
        this.dropped++;
        this.#fail();
      }
      return;
    }
    this.#busy = false;
    this.#apply(job, images);
    job.images = [];
    for (const image of images) this.images.close(image);
    if (generation === this.#generation) this.#drain();
  }

  /**
   * @param {Job<T>} job
   * @param {T[]} images
   */
  #apply(job, images) {
    const { head } = job;
    let { picture } = this;
    try {
      if (job.key) {
        picture = new Picture(head.width, head.height, head.layout, this.#stream);
        this.picture = picture;
      }
      if (!picture) throw new Error('screen: no picture');
      let next = 0;
      for (const op of job.update.ops) {
        if (op.code === OpCode.JPEG) picture.apply(op, this.images.read(images[next++], op.w, op.h));
        else picture.apply(op);
      }
    } catch {
      this.dropped++; // no memory for so large a picture, or for the scratch of an image
      this.#fail();
      return;
    }
    this.seq = job.seq;
    this.part = job.part;
    this.events.onApplied({ seq: job.seq, part: job.part, captured: head.captured, took: this.now() - job.arrived }, job.update);
  }
}

/**
 * Parses and checks a whole op block and its blobs before any pixel changes.
 * @param {Uint8Array} block
 * @param {UpdateHead} head
 * @param {Uint8Array} blobs
 * @returns {{ops: Op[], images: JpegBlob[]}}
 */
function parseOps(block, head, blobs) {
  /** @type {Op[]} */
  const ops = [];
  /** @type {JpegBlob[]} */
  const images = [];
  let at = 0;
  let blobAt = 0;
  let area = 0;
  for (let i = 0; i < head.ops; i++) {
    const op = parseOp(block, at, head.width, head.height);
    at = op.end;
    ops.push(op);
    if (op.code !== OpCode.JPEG) continue;
    if (op.blob > blobs.length - blobAt) throw new WireError('blob cut short');
    const bytes = blobs.subarray(blobAt, blobAt += op.blob);
    const { w, h } = jpegSize(bytes);
    if (w > op.w || h > op.h) throw new WireError('JPEG is larger than its rectangle');
    images.push({ bytes, w, h });
    area += w * h;
    // They all decode at once: no more of them than would cover the picture twice.
    if (area > 2 * head.width * head.height) throw new WireError('too many JPEG pixels');
  }
  if (at !== block.length || blobAt !== blobs.length) throw new WireError('bytes behind the ops');
  return { ops, images };
}
