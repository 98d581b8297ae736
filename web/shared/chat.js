// What is said in a session, as one page knows it: the lines in their order, each once, and those
// of its own that have not come back yet. Pure: control messages in, control messages out; a page
// shows it by textContent only. See the chapter Chat of internal/wire/doc.go.

/** @typedef {import('./wire.js').Control} Control */
/** @typedef {import('./wire.js').ChatLine} ChatLine */

/**
 * A line of this page that has not come back: it may be stored already, so it is said again by
 * the same client id.
 * @typedef {object} Unheard
 * @property {string} client
 * @property {string} text
 * @property {number} [viewer] the waiting viewer that it is for
 * @property {string} [problem] a reason of unsaid: the person must say it again
 */

const MOST_UNHEARD = 50;

export class Chat {
  /** @type {Map<number, ChatLine>} */
  #lines = new Map();
  /** @type {ChatLine[] | null} sorted, until something changes */
  #sorted = [];
  /** @type {Unheard[]} oldest first */
  #unheard = [];
  #prefix;
  #load;
  #count = 0;
  #oldest = Infinity;
  #welcome = false;
  /** whether there are lines before the first of lines */
  more = false;
  /** the highest id that the person has seen; see unread */
  #seen = 0;

  /**
   * @param {string} prefix of the party, the same over its reloads: 1 to 20 characters of [0-9A-Za-z_]
   * @param {string} [load] another one for each load of the page, or what is said anew would be
   *   taken for what was said before: up to 8 characters of [0-9A-Za-z_]
   * @param {number} [seen] the last line that was seen before this load
   */
  constructor(prefix, load = '', seen = 0) {
    this.#prefix = prefix;
    this.#load = load && '-' + load;
    this.#seen = seen;
  }

  /** The lines, oldest first. @returns {ChatLine[]} */
  get lines() {
    return this.#sorted ??= [...this.#lines.values()].sort((a, b) => a.id - b.id);
  }

  /** The page's own lines that have not come back, oldest first. @returns {readonly Unheard[]} */
  get unheard() {
    return this.#unheard;
  }

  /** How many lines of others the person has not seen. */
  get unread() {
    return this.lines.reduce((n, l) => n + (l.id > this.#seen && !this.isMine(l) ? 1 : 0), 0);
  }

  /** The person sees all lines now. @returns {number} the last of them */
  see() {
    return this.#seen = Math.max(this.#seen, this.lines.at(-1)?.id ?? 0);
  }

  /** The newest line of another one that the person has not seen. @returns {ChatLine | undefined} */
  get newest() {
    return this.lines.filter((l) => l.id > this.#seen && !this.isMine(l)).at(-1);
  }

  /** @param {ChatLine} line whether this page has said it */
  isMine(line) {
    return line.client?.startsWith(this.#prefix + '-') ?? false;
  }

  /**
   * The person says something. An empty list means that there is nothing to send now: the text is
   * empty, too much waits, or there is no connection, after which it is sent.
   * @param {string} text
   * @param {number} [viewer] of a presenter: the waiting viewer that it is for
   * @returns {Control[]}
   */
  say(text, viewer) {
    text = text.trim();
    if (!text || this.#unheard.length >= MOST_UNHEARD) return [];
    /** @type {Unheard} */
    const line = { client: `${this.#prefix}${this.#load}-${++this.#count}`, text };
    if (viewer) line.viewer = viewer;
    this.#unheard.push(line);
    return this.#welcome ? [message(line)] : [];
  }

  /**
   * Says again what was refused.
   * @param {string} client
   * @returns {Control[]}
   */
  again(client) {
    const line = this.#unheard.find((u) => u.client === client && u.problem);
    if (!line) return [];
    delete line.problem;
    return this.#welcome ? [message(line)] : [];
  }

  /** @param {string} client a line that the person gives up */
  drop(client) {
    this.#unheard = this.#unheard.filter((u) => u.client !== client);
  }

  /** Asks for older lines. @returns {Control[]} */
  older() {
    return this.#welcome && this.more && this.#oldest < Infinity ? [{ type: 'chat_log', before: this.#oldest }] : [];
  }

  /** The socket is gone: nothing is sent before the next welcome. */
  onClosed() {
    this.#welcome = false;
  }

  /**
   * Takes any control message.
   * @param {Control} c
   * @returns {Control[]} what is to be sent now
   */
  onControl(c) {
    switch (c.type) {
      case 'welcome':
        this.#welcome = true;
        return this.#unheard.filter((u) => !u.problem).map(message);
      case 'chat':
        this.#take(c.lines ?? [], c.more ?? false);
        break;
      case 'unsaid': {
        const line = this.#unheard.find((u) => u.client === c.client);
        if (line) line.problem = c.reason || 'failed';
        break;
      }
    }
    return [];
  }

  /**
   * @param {ChatLine[]} lines
   * @param {boolean} more
   */
  #take(lines, more) {
    for (const l of lines) {
      if (l.id === 0 || this.#lines.has(l.id)) continue;
      this.#lines.set(l.id, l);
      this.#sorted = null;
      if (this.isMine(l)) this.#unheard = this.#unheard.filter((u) => u.client !== l.client);
    }
    // What a message says of older lines counts if it has the oldest one; an empty one answers older().
    const first = lines.length ? Math.min(...lines.map((l) => l.id)) : this.#oldest;
    if (first <= this.#oldest) {
      this.#oldest = first;
      this.more = more;
    }
  }
}

/**
 * @param {Unheard} line
 * @returns {Control}
 */
function message({ client, text, viewer }) {
  return viewer ? { type: 'chat', text, client, viewer } : { type: 'chat', text, client };
}
