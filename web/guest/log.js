// What the broker's log says was done on this computer, also while the guest's own program shared in the
// page's place, when this page saw nothing: who watched, who controlled, which files arrived. Pure.

/**
 * @typedef {object} Event of GET /api/v1/guest_log
 * @property {number} number
 * @property {string} at
 * @property {string} type
 * @property {number} [viewer]
 * @property {string} [name]
 * @property {string} [right]
 * @property {string} [file]
 * @property {number} [size]
 * @property {boolean} [upward]
 */
/**
 * @typedef {object} Moved a file that has arrived
 * @property {number} viewer
 * @property {string} name of the viewer, self-declared
 * @property {string} file its name
 * @property {number} size bytes
 * @property {boolean} upward from the viewer to this computer
 * @property {number} at Unix ms
 */
/** @typedef {import('./record.js').Watched} Watched */
/** @typedef {{name: string, here: boolean, sees: boolean, controls: boolean, left: number}} Party */

const MOST = 200; // of each; the oldest go
const PAGE = 1000; // events in one answer, as the broker has it
const GRACE = 60_000; // ms that a grant outlives its viewer's connection, as the relay has it

/** Folds the log, in order. */
export class Log {
  /** the number of the last event that was looked at */
  after = 0;
  /** @type {Watched[]} oldest first */
  watched = [];
  /** @type {Watched[]} likewise: who controlled */
  controlled = [];
  /** @type {Moved[]} oldest first */
  files = [];
  /** the log itself says that it does not have everything */
  gaps = false;
  /** @type {Map<number, Party>} */
  #parties = new Map();
  #shares = false;

  /**
   * @param {any} answer of the call; hostile: whatever came
   * @returns {boolean} whether there may be more
   */
  take(answer) {
    const { after, events } = answer ?? {};
    if (!Number.isSafeInteger(after) || after <= this.after || !Array.isArray(events)) return false;
    for (const e of events) {
      const at = Date.parse(e?.at);
      if (!Number.isSafeInteger(e?.number) || e.number <= this.after || Number.isNaN(at) || typeof e.type !== 'string') continue;
      this.#fold({ ...e, viewer: Number.isInteger(e.viewer) ? e.viewer : 0, name: typeof e.name === 'string' ? e.name : '' }, at);
    }
    const more = after - this.after >= PAGE;
    this.after = after;
    return more;
  }

  /** @param {Event & {viewer: number, name: string}} e @param {number} at */
  #fold({ type, viewer, name, right, file, size, upward }, at) {
    if (type === 'presenter_started' || type === 'presenter_resumed') this.#shares = true;
    else if (type === 'presenter_left') this.#shares = false;
    else if (type === 'session_ended') {
      this.#shares = false;
      this.#parties.clear();
    } else if (type === 'events_lost' || type === 'log_full') this.gaps = true;
    else if (viewer > 0) {
      // Who is new here without having come has come before the guest, from where on the log is shown.
      const p = this.#parties.get(viewer) ?? { name, here: true, sees: false, controls: false, left: 0 };
      this.#parties.set(viewer, p);
      p.name = name || p.name;
      switch (`${type} ${right ?? ''}`) {
        case 'viewer_started ':
          Object.assign(p, { here: true, sees: false, controls: false });
          break;
        case 'viewer_resumed ':
          if (at - p.left > GRACE) p.sees = p.controls = false;
          p.here = true;
          break;
        case 'viewer_left ':
          p.here = false;
          p.left = at;
          break;
        case 'asked view': // only who does not see asks
        case 'revoked view':
          p.sees = p.controls = false;
          break;
        case 'granted view':
          p.sees = true;
          break;
        case 'granted control':
          p.sees = p.controls = true;
          break;
        case 'asked control': // likewise
        case 'revoked control':
        case 'yielded control':
        case 'passed_on control':
          p.controls = false;
          break;
        case 'file_stored ':
          this.files.push({ viewer, name: p.name, file: String(file ?? ''), size: Number(size) || 0, upward: upward === true, at });
          this.files.splice(0, this.files.length - MOST);
          break;
      }
    }
    this.#spans(this.watched, at, (p) => p.sees);
    this.#spans(this.controlled, at, (p) => p.controls);
  }

  /** @param {Watched[]} spans @param {number} at @param {(p: Party) => boolean} may */
  #spans(spans, at, may) {
    const does = (/** @type {number} */ viewer) => {
      const p = this.#parties.get(viewer);
      return this.#shares && p !== undefined && p.here && may(p);
    };
    for (const s of spans) if (s.to === 0 && !does(s.viewer)) s.to = at;
    for (const [viewer, { name }] of this.#parties) {
      if (does(viewer) && !spans.some((s) => s.to === 0 && s.viewer === viewer)) spans.push({ viewer, name, twin: this.#twin(viewer, name), from: at, to: 0 });
    }
    spans.splice(0, spans.length - MOST);
  }

  /** @param {number} viewer @param {string} name whether somebody else in this session is called that */
  #twin(viewer, name) {
    return [...this.#parties].some(([n, p]) => n !== viewer && p.name === name && name !== '');
  }

  /** What is to be shown and kept. */
  get done() {
    return { watched: this.watched, controlled: this.controlled, files: this.files, gaps: this.gaps };
  }
}
