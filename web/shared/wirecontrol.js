// Control messages: the part of wire.js that is Go's internal/wire/control.go; wire.js exports all of
// it. Pure.
import { MAX_CONTROL, WireError } from './wire.js';
import { FILE_FIELDS, MAX_FILE_SIZE } from './wirefile.js';

/**
 * What everybody may know of the presenter.
 * @typedef {object} PresenterState
 * @property {string} [name] self-declared
 * @property {boolean} attached
 * @property {boolean} [left] it went away on purpose
 * @property {boolean} [changed]
 * @property {string} [clipboard] what its clipboard is there for: "both" ways, or only "in" to it
 * @property {boolean} [view_only] it is a browser: nobody controls it
 * @property {string} [condition] what stands in the way: "locked", "secure" or "elevated"; absent: nothing
 * @property {string} [privileges] of its program there: "user", "admin", or absent where nothing can be asked for
 * @property {Monitor[]} [monitors] told to those that may see the screen
 */

/**
 * A monitor: a rectangle of stream 0, and a stream of its own. See monitors.go.
 * @typedef {object} Monitor
 * @property {number} stream 1..255
 * @property {string} [name] the system's
 * @property {number} x pixels of the desktop, as all below
 * @property {number} y
 * @property {number} w
 * @property {number} h
 * @property {boolean} [primary]
 */

/**
 * What everybody may know of a viewer.
 * @typedef {object} ViewerState
 * @property {number} viewer
 * @property {string} [name] self-declared
 * @property {boolean} [twin]
 * @property {boolean} [online]
 * @property {number} [attach]
 * @property {boolean} [view]
 * @property {boolean} [control]
 * @property {boolean} [may] gets control by asking, without a question
 * @property {string} [asking] "view", "control", "hand" or "elevate"
 * @property {number} [to] asking is "hand": to whom
 * @property {string} [why] why its control or, without view, its view ended: see control.go
 * @property {boolean} [held]
 * @property {boolean} [lead]
 * @property {number} [stream] whose picture it is sent; absent: all monitors together
 */

/**
 * A control message; which fields count depends on type: see control.go.
 * @typedef {object} Control
 * @property {string} type
 * @property {string} [role]
 * @property {number} [viewer]
 * @property {number} [epoch]
 * @property {string} [resume]
 * @property {boolean} [resumed]
 * @property {string} [handover] of a presenter: lets another program of the same person go on, once
 * @property {string} [organisation] whose API key made the session, as the operator has checked it
 * @property {boolean} [view]
 * @property {boolean} [control]
 * @property {string} [clipboard]
 * @property {string} [condition]
 * @property {string} [privileges]
 * @property {boolean} [elevate] the wish that the presenter goes on as administrator
 * @property {boolean} [may]
 * @property {number} [to] to whom control was to be handed
 * @property {boolean} [open]
 * @property {boolean} [blocked]
 * @property {string} [reason]
 * @property {boolean} [view_only]
 * @property {number} [stream]
 * @property {number} [stamp]
 * @property {number} [queue] bytes
 * @property {Monitor[]} [monitors]
 * @property {import('./wirefile.js').FileControl} [file]
 * @property {PresenterState} [presenter]
 * @property {ViewerState[]} [viewers]
 * @property {boolean} [question]
 * @property {string} [text]
 * @property {string} [client]
 * @property {number} [before]
 * @property {boolean} [more]
 * @property {ChatLine[]} [lines]
 */

/**
 * One stored line of the session's chat: see chat.go.
 * @typedef {object} ChatLine
 * @property {number} id 1, 2, 3 ...; the same line may come twice
 * @property {number} time Unix ms
 * @property {number} [viewer] who said it; absent: the presenter
 * @property {string} [name] of who said it, self-declared
 * @property {number} [waiting] the viewer without the view grant that it is from or for
 * @property {string} [client] what its sender called it
 * @property {string} text
 */

// Caps of the chat; the relay cuts a text that is longer.
export const MAX_CHAT_RUNES = 2000;
export const MAX_CHAT_BYTES = 4096;
export const CHAT_PAGE = 50; // lines that are sent at most at once

/** Why control is refused by a browser that shares: nobody was asked. */
export const VIEW_ONLY = 'view_only';

const utf8 = new TextEncoder();
const fromUTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Why a wish that the presenter goes on as administrator came to nothing: see privileges.go. */
export const DECLINED = 'declined';
export const FAILED = 'failed';

/** @param {Control} c */
export const encodeControl = (c) => utf8.encode(JSON.stringify(c));

/** @typedef {'string' | 'bool' | 'u8' | 'u16' | 'u32' | 'ms' | 'size'} FieldType */
/** @type {Record<string, FieldType>} */
const CONTROL_FIELDS = {
  type: 'string', role: 'string', viewer: 'u16', epoch: 'u16', resume: 'string', resumed: 'bool', handover: 'string', organisation: 'string',
  view: 'bool', control: 'bool', elevate: 'bool', open: 'bool', blocked: 'bool', reason: 'string', stream: 'u8',
  question: 'bool', stamp: 'u32', queue: 'u32', text: 'string', client: 'string', before: 'u32',
  more: 'bool', may: 'bool', to: 'u16', clipboard: 'string', condition: 'string', view_only: 'bool',
  privileges: 'string',
};
/** @type {Record<string, FieldType>} */
const PRESENTER_FIELDS = { name: 'string', attached: 'bool', left: 'bool', changed: 'bool', clipboard: 'string', view_only: 'bool', condition: 'string', privileges: 'string' };
/** @type {Record<string, FieldType>} */
const VIEWER_FIELDS = {
  viewer: 'u16', name: 'string', twin: 'bool', online: 'bool', attach: 'u32', view: 'bool',
  control: 'bool', may: 'bool', asking: 'string', to: 'u16', why: 'string', held: 'bool', lead: 'bool', stream: 'u8',
};
/** @type {Record<string, FieldType>} */
const MONITOR_FIELDS = { stream: 'u8', name: 'string', x: 'u16', y: 'u16', w: 'u16', h: 'u16', primary: 'bool' };
/** @type {Record<string, FieldType>} */
const LINE_FIELDS = {
  id: 'u32', time: 'ms', viewer: 'u16', name: 'string', waiting: 'u16', client: 'string', text: 'string',
};
const NUMBER_MAX = { u8: 0xff, u16: 0xffff, u32: 0xffffffff, ms: Number.MAX_SAFE_INTEGER, size: MAX_FILE_SIZE };

/**
 * Copies the known fields of an object, each only with its own type. As in Go, null means absent.
 * @param {unknown} from
 * @param {Record<string, FieldType>} fields
 * @returns {Record<string, any>}
 */
function pick(from, fields) {
  if (typeof from !== 'object' || from === null || Array.isArray(from)) throw new WireError('control');
  /** @type {Record<string, any>} */
  const to = {};
  for (const [name, type] of Object.entries(fields)) {
    if (!Object.hasOwn(from, name)) continue;
    const v = /** @type {Record<string, unknown>} */ (from)[name];
    if (v === null) continue;
    const ok = type === 'string' ? typeof v === 'string'
      : type === 'bool' ? typeof v === 'boolean'
        : typeof v === 'number' && Number.isInteger(v) && v >= 0 && v <= NUMBER_MAX[type];
    if (!ok) throw new WireError('control: field ' + name);
    to[name] = v;
  }
  return to;
}

/**
 * @param {unknown} list
 * @returns {Monitor[]}
 */
function monitorsOf(list) {
  if (!Array.isArray(list)) throw new WireError('control: field monitors');
  return list.map((m) => ({ stream: 0, x: 0, y: 0, w: 0, h: 0, ...pick(m, MONITOR_FIELDS) }));
}

/**
 * @param {Uint8Array} body
 * @returns {Control} with known fields of the right types only
 */
export function parseControl(body) {
  if (body.length > MAX_CONTROL) throw new WireError('control length');
  /** @type {unknown} */
  let json;
  try {
    json = JSON.parse(fromUTF8.decode(body));
  } catch {
    throw new WireError('control is not JSON');
  }
  const c = pick(json, CONTROL_FIELDS);
  if (!c.type) throw new WireError('control without a type');
  const { monitors, presenter, viewers, lines, file } = /** @type {Record<string, unknown>} */ (json);
  if (monitors !== undefined && monitors !== null) c.monitors = monitorsOf(monitors);
  if (file !== undefined && file !== null) {
    c.file = { op: '', number: 0, ...pick(file, FILE_FIELDS) };
    if (!c.file.op) throw new WireError('control: file without an op');
  }
  if (presenter !== undefined && presenter !== null) {
    c.presenter = { attached: false, ...pick(presenter, PRESENTER_FIELDS) };
    const list = /** @type {Record<string, unknown>} */ (presenter).monitors;
    if (list !== undefined && list !== null) c.presenter.monitors = monitorsOf(list);
  }
  if (viewers !== undefined && viewers !== null) {
    if (!Array.isArray(viewers)) throw new WireError('control: field viewers');
    c.viewers = viewers.map((v) => ({ viewer: 0, ...pick(v, VIEWER_FIELDS) }));
  }
  if (lines !== undefined && lines !== null) {
    if (!Array.isArray(lines)) throw new WireError('control: field lines');
    c.lines = lines.map((l) => ({ id: 0, time: 0, text: '', ...pick(l, LINE_FIELDS) }));
  }
  return /** @type {Control} */ (c);
}
