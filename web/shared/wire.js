// The protocol "pindesk.v1" for the browser: the same messages, caps and errors as Go's
// package internal/wire, whose doc.go is the specification. Pure: no DOM, no socket.
// Every parser checks all caps before it allocates, throws WireError for what breaks the
// specification, and returns views into the message instead of copies.

export * from './wireclip.js';
export * from './wirecontrol.js';
export * from './wirefile.js';
export * from './wireinput.js';
export * from './wirepoint.js';

export const PROTOCOL = 'pindesk.v1';
export const TICKET_PREFIX = 'ticket.';
export const HEADER_SIZE = 12;

export const Kind = Object.freeze({
  Update: 1, Cursor: 2, Pointer: 3, Ack: 16, Input: 17, Resync: 18, NeedKey: 19, Point: 20, Control: 32, Clip: 33, Chunk: 34,
});
export const Flag = Object.freeze({ Reset: 1, Key: 2, CatchUp: 4, Done: 8, Exact: 16 });
export const OpCode = Object.freeze({ Fill: 1, Copy: 2, Palette: 3, Delta: 4, JPEG: 5 });
export const Close = Object.freeze({
  Reconnect: 4000, Protocol: 4001, Slow: 4002, Replaced: 4010, Ended: 4011, Blocked: 4012, Full: 4013, Moved: 4014,
});

export const MAX_SIDE = 16384;
export const MAX_PIXELS = 1 << 26;
export const MAX_RAW = 3 * MAX_PIXELS / 4 + (1 << 20);
export const MAX_UPDATE = 16 << 20;
export const MAX_CURSOR_SIDE = 128;
export const MAX_CURSOR = 8 + 4 * MAX_CURSOR_SIDE * MAX_CURSOR_SIDE;
export const MAX_CONTROL = 64 << 10;
export const MAX_MESSAGE = HEADER_SIZE + MAX_UPDATE;
export const ACK_SIZE = 12;
export const POINTER_SIZE = 4;
export const UPDATE_HEAD_SIZE = 28;
export const OP_HEAD_SIZE = 9;
export const PREAMBLE = 'PinDesk stream 1';

/** Bytes that break the specification. The message never carries the bytes themselves. */
export class WireError extends Error {
  /** @param {string} what */
  constructor(what) {
    super('malformed message: ' + what);
    this.name = 'WireError';
  }
}

/**
 * @typedef {object} Header
 * @property {number} kind
 * @property {number} flags
 * @property {number} stream
 * @property {number} epoch
 * @property {number} viewer
 * @property {number} seq
 */

/** @param {Uint8Array} b */
const view = (b) => new DataView(b.buffer, b.byteOffset, b.byteLength);

/**
 * A whole message.
 * @param {Partial<Header> & {kind: number}} h fields that are left out are 0
 * @param {Uint8Array} [body]
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function message(h, body) {
  const b = new Uint8Array(HEADER_SIZE + (body ? body.length : 0));
  const v = view(b);
  b[0] = h.kind;
  b[1] = h.flags ?? 0;
  b[2] = h.stream ?? 0;
  v.setUint16(4, h.epoch ?? 0, true);
  v.setUint16(6, h.viewer ?? 0, true);
  v.setUint32(8, h.seq ?? 0, true);
  if (body) b.set(body, HEADER_SIZE);
  return b;
}

/**
 * @param {Uint8Array} msg
 * @returns {{header: Header, body: Uint8Array}} body aliases msg
 */
export function parseHeader(msg) {
  if (msg.length < HEADER_SIZE) throw new WireError('header cut short');
  const v = view(msg);
  const header = {
    kind: msg[0], flags: msg[1], stream: msg[2],
    epoch: v.getUint16(4, true), viewer: v.getUint16(6, true), seq: v.getUint32(8, true),
  };
  return { header, body: msg.subarray(HEADER_SIZE) };
}

/**
 * Reports whether a party that was closed with this code must stay away.
 * @param {number} code
 */
export const terminal = (code) => code >= Close.Replaced && code < 4100;

/**
 * @typedef {object} UpdateHead
 * @property {number} layout
 * @property {number} width
 * @property {number} height
 * @property {number} ops
 * @property {number} captured ms on the presenter's clock
 * @property {number} input
 * @property {number} part
 * @property {number} raw bytes of the decompressed op block
 */

/**
 * Reports whether a picture may have this size.
 * @param {number} w
 * @param {number} h
 */
export const validSize = (w, h) => w >= 1 && h >= 1 && w <= MAX_SIDE && h <= MAX_SIDE && w * h <= MAX_PIXELS;

/**
 * @param {UpdateHead} u
 * @param {Uint8Array} packed
 * @param {Uint8Array} blobs
 */
export function encodeUpdate(u, packed, blobs) {
  const b = new Uint8Array(UPDATE_HEAD_SIZE + packed.length + blobs.length);
  const v = view(b);
  v.setUint16(0, u.layout, true);
  v.setUint16(2, u.width, true);
  v.setUint16(4, u.height, true);
  v.setUint16(6, u.ops, true);
  v.setUint32(8, u.captured, true);
  v.setUint32(12, u.input, true);
  v.setUint32(16, u.part, true);
  v.setUint32(20, u.raw, true);
  v.setUint32(24, packed.length, true);
  b.set(packed, UPDATE_HEAD_SIZE);
  b.set(blobs, UPDATE_HEAD_SIZE + packed.length);
  return b;
}

/**
 * @param {Uint8Array} body
 * @returns {{head: UpdateHead, packed: Uint8Array, blobs: Uint8Array}} both slices alias body
 */
export function parseUpdate(body) {
  if (body.length < UPDATE_HEAD_SIZE || body.length > MAX_UPDATE) throw new WireError('update length');
  const v = view(body);
  const head = {
    layout: v.getUint16(0, true), width: v.getUint16(2, true), height: v.getUint16(4, true),
    ops: v.getUint16(6, true), captured: v.getUint32(8, true), input: v.getUint32(12, true),
    part: v.getUint32(16, true), raw: v.getUint32(20, true),
  };
  const packed = v.getUint32(24, true);
  const rest = body.subarray(UPDATE_HEAD_SIZE);
  if (!validSize(head.width, head.height)) throw new WireError('picture size');
  if (head.raw > MAX_RAW) throw new WireError('op block length');
  if (packed > rest.length || (head.raw === 0) !== (packed === 0) || (head.raw === 0 && head.ops !== 0)) {
    throw new WireError('op block lengths');
  }
  return { head, packed: rest.subarray(0, packed), blobs: rest.subarray(packed) };
}

/**
 * One op of a decompressed op block; x, y, w, h is the rectangle that it changes.
 * @typedef {object} Op
 * @property {number} code
 * @property {number} x
 * @property {number} y
 * @property {number} w
 * @property {number} h
 * @property {number} sx source of a Copy
 * @property {number} sy
 * @property {Uint8Array} colours n*3 bytes b, g, r: one of a Fill, 2..256 of a Palette
 * @property {Uint8Array} data packed indices of a Palette, planes of a Delta
 * @property {number} blob length of a JPEG's blob
 * @property {number} end offset behind the op
 */

const NONE = new Uint8Array(0);

/**
 * The bits of a palette index among n colours.
 * @param {number} n
 */
export const indexBits = (n) => (n <= 2 ? 1 : n <= 4 ? 2 : n <= 16 ? 4 : 8);

/**
 * Parses the op at an offset of an op block.
 * @param {Uint8Array} ops
 * @param {number} at
 * @param {number} width of the picture
 * @param {number} height
 * @returns {Op} its slices alias ops
 */
export function parseOp(ops, at, width, height) {
  if (ops.length - at < OP_HEAD_SIZE) throw new WireError('op cut short');
  /** @param {number} i */
  const u16 = (i) => ops[i] | ops[i + 1] << 8;
  /** @type {Op} */
  const op = {
    code: ops[at], x: u16(at + 1), y: u16(at + 3), w: u16(at + 5), h: u16(at + 7),
    sx: 0, sy: 0, colours: NONE, data: NONE, blob: 0, end: at + OP_HEAD_SIZE,
  };
  if (op.w < 1 || op.h < 1 || op.x + op.w > width || op.y + op.h > height) {
    throw new WireError('op outside the picture');
  }
  /** @param {number} n */
  const take = (n) => {
    if (n > ops.length - op.end) throw new WireError('op cut short');
    op.end += n;
    return ops.subarray(op.end - n, op.end);
  };
  switch (op.code) {
    case OpCode.Fill:
      op.colours = take(3);
      break;
    case OpCode.Copy: {
      take(4);
      op.sx = u16(op.end - 4);
      op.sy = u16(op.end - 2);
      if (op.sx + op.w > width || op.sy + op.h > height) throw new WireError('copy from outside the picture');
      break;
    }
    case OpCode.Palette: {
      const n = take(1)[0] + 1;
      if (n < 2) throw new WireError('palette of one colour');
      op.colours = take(3 * n);
      op.data = take(((op.w * indexBits(n) + 7) >> 3) * op.h);
      break;
    }
    case OpCode.Delta:
      op.data = take(3 * op.w * op.h);
      break;
    case OpCode.JPEG: {
      op.blob = view(take(4)).getUint32(0, true);
      if (op.blob === 0 || op.blob > MAX_UPDATE) throw new WireError('blob length');
      break;
    }
    default:
      throw new WireError('unknown op');
  }
  return op;
}

/**
 * @typedef {object} Ack
 * @property {number} captured
 * @property {number} part
 * @property {number} took in 0.1 ms; saturates at 65535
 * @property {boolean} hidden
 */

/** @param {Ack} a */
export function encodeAck(a) {
  const b = new Uint8Array(ACK_SIZE);
  const v = view(b);
  v.setUint32(0, a.captured, true);
  v.setUint32(4, a.part, true);
  v.setUint16(8, Math.max(0, Math.min(65535, Math.round(a.took))), true);
  b[10] = a.hidden ? 1 : 0;
  return b;
}

/**
 * @param {Uint8Array} body
 * @returns {Ack}
 */
export function parseAck(body) {
  if (body.length !== ACK_SIZE) throw new WireError('ack length');
  const v = view(body);
  return {
    captured: v.getUint32(0, true), part: v.getUint32(4, true), took: v.getUint16(8, true),
    hidden: (body[10] & 1) !== 0,
  };
}

/**
 * @typedef {object} Cursor
 * @property {number} hotX
 * @property {number} hotY
 * @property {number} w 0 hides the pointer
 * @property {number} h
 * @property {Uint8Array} rgba 4*w*h bytes, straight alpha
 */

/** @param {Cursor} c */
export function encodeCursor(c) {
  const b = new Uint8Array(8 + c.rgba.length);
  const v = view(b);
  v.setUint16(0, c.hotX, true);
  v.setUint16(2, c.hotY, true);
  v.setUint16(4, c.w, true);
  v.setUint16(6, c.h, true);
  b.set(c.rgba, 8);
  return b;
}

/**
 * @param {Uint8Array} body
 * @returns {Cursor} rgba aliases body
 */
export function parseCursor(body) {
  if (body.length < 8) throw new WireError('cursor cut short');
  const v = view(body);
  const c = {
    hotX: v.getUint16(0, true), hotY: v.getUint16(2, true),
    w: v.getUint16(4, true), h: v.getUint16(6, true), rgba: body.subarray(8),
  };
  if (c.w > MAX_CURSOR_SIDE || c.h > MAX_CURSOR_SIDE || (c.w === 0) !== (c.h === 0) ||
      c.rgba.length !== 4 * c.w * c.h || (c.w > 0 && (c.hotX >= c.w || c.hotY >= c.h))) {
    throw new WireError('cursor size');
  }
  return c;
}

/**
 * @param {number} x
 * @param {number} y
 */
export const encodePointer = (x, y) => Uint8Array.of(x & 255, x >> 8, y & 255, y >> 8);

/** @param {Uint8Array} body */
export function parsePointer(body) {
  if (body.length !== POINTER_SIZE) throw new WireError('pointer length');
  return { x: body[0] | body[1] << 8, y: body[2] | body[3] << 8 };
}
