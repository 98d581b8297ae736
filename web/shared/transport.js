// A party's way to the relay, a viewer's or a sharing tab's: joins, opens the socket, comes back
// when it drops. One small class, so that a data channel can later take the socket's place. No DOM, so
// that it runs in a worker; what it needs of the browser is injected.
import { solve } from './puzzle.js';
import { Close, PROTOCOL, terminal, TICKET_PREFIX } from './wire.js';

const FIRST_DELAY = 500; // ms, then doubled up to MAX_DELAY
const MAX_DELAY = 10_000;
const STABLE = 10_000; // a connection that lived so long starts the delays anew
const JOIN_TIMEOUT = 10_000;
const SILENCE = 25_000; // the relay says something at least every 10 s; a page cannot see its pings
const MAX_PUZZLES = 3; // of one try; the next one waits as the server says
const MAX_RETRY_AFTER = 300; // s; a server that says more is asked again all the same

/**
 * Why there is no connection yet: 'network', or a code of the API.
 * @typedef {{phase: 'joining'}
 *   | {phase: 'open'}
 *   | {phase: 'retrying', problem: string, delay: number}
 *   | {phase: 'over', code: number | string}} LinkState over: a terminal close code or an error code of the API
 */

/**
 * What a join came to.
 * @typedef {{ticket: string, path: string}
 *   | {problem: string, final: boolean, after?: number, puzzle?: {challenge: string, bits: number}}} Answer
 */

/**
 * What a Link uses of the browser.
 * @typedef {object} Browser
 * @property {string} origin
 * @property {(url: string, init: RequestInit) => Promise<Response>} fetch
 * @property {(url: string, protocols: string[]) => WebSocket} socket
 * @property {(f: () => void, ms: number) => number} setTimeout
 * @property {(id: number) => void} clearTimeout
 * @property {() => number} now ms
 * @property {() => number} random 0..1
 */

/** @returns {Browser} */
export const browser = () => ({
  origin: location.origin,
  fetch: (url, init) => fetch(url, init),
  socket: (url, protocols) => new WebSocket(url, protocols),
  setTimeout: (f, ms) => self.setTimeout(f, ms),
  clearTimeout: (id) => self.clearTimeout(id),
  now: () => performance.now(),
  random: Math.random,
});

export class Link {
  /** @type {WebSocket | null} */
  #socket = null;
  #open = false;
  #over = false;
  #attempt = 0; // consecutive tries without a stable connection
  #tries = 0; // counts all, so that what belongs to an old one is known
  #opened = 0;
  #lastTry = -Infinity;
  /** @type {number | null} */
  #timer = null;
  /** @type {number | null} of the open socket */
  #watchdog = null;
  #heard = 0; // when the last message came
  #wasOffline = false;

  /**
   * @param {object} party
   * @param {'viewer' | 'presenter'} [party.role] viewer, if nothing is said
   * @param {string} party.pin
   * @param {() => string} party.name
   * @param {() => string} party.resume
   * @param {(state: LinkState) => void} party.onState
   * @param {(message: Uint8Array) => void} party.onMessage
   * @param {Browser} [env]
   */
  constructor(party, env = browser()) {
    this.party = party;
    this.env = env;
  }

  start() {
    this.#try();
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} message
   * @returns {boolean} whether it was handed to the socket
   */
  send(message) {
    if (!this.#open || !this.#socket || this.#socket.readyState !== 1) return false;
    this.#socket.send(message);
    return true;
  }

  /** Bytes that were handed to the socket and have not left it. */
  get buffered() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** The person is back, or the network is: a waiting retry is made now, unless one was made just before. */
  wake() {
    if (this.#timer === null || this.#socket || this.env.now() - this.#lastTry < FIRST_DELAY) return;
    this.#try();
  }

  /** The network changed: a socket that went through the old one would hang for minutes. */
  online() {
    if (this.#wasOffline && this.#open) this.#drop(1006);
    this.#wasOffline = false;
    this.wake();
  }

  offline() {
    this.#wasOffline = true;
  }

  /** Ends for good. */
  stop() {
    this.#over = true;
    this.#cancel();
    this.#unwatch();
    this.#tries++;
    this.#socket?.close(1000);
    this.#socket = null;
    this.#open = false;
  }

  #cancel() {
    if (this.#timer !== null) this.env.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Gives the open socket up when nothing came over it for too long. */
  #watch() {
    this.#unwatch();
    const left = this.#heard + SILENCE - this.env.now();
    if (left <= 0) this.#drop(1006);
    else this.#watchdog = this.env.setTimeout(() => this.#watch(), left);
  }

  #unwatch() {
    if (this.#watchdog !== null) this.env.clearTimeout(this.#watchdog);
    this.#watchdog = null;
  }

  async #try() {
    this.#cancel();
    const id = ++this.#tries;
    this.#lastTry = this.env.now();
    this.party.onState({ phase: 'joining' });
    const joined = await this.#join(() => id === this.#tries && !this.#over);
    if (id !== this.#tries || this.#over) return;
    if ('problem' in joined) {
      if (joined.final) this.#end(joined.problem);
      else this.#retry(joined.problem, joined.after);
      return;
    }
    const url = new URL(joined.path, this.env.origin);
    url.protocol = url.protocol.replace('http', 'ws');
    /** @type {WebSocket} */
    let socket;
    try {
      socket = this.env.socket(url.href, [PROTOCOL, TICKET_PREFIX + joined.ticket]);
    } catch {
      this.#retry('network');
      return;
    }
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    // A socket that neither opens nor fails is given up; the timer is replaced by a retry's own.
    this.#timer = this.env.setTimeout(() => this.#drop(1006), JOIN_TIMEOUT);
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.#cancel();
      this.#open = true;
      this.#opened = this.#heard = this.env.now();
      this.#watch();
      this.party.onState({ phase: 'open' });
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket || !(data instanceof ArrayBuffer)) return;
      this.#heard = this.env.now();
      this.party.onMessage(new Uint8Array(data));
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#drop(code);
    };
  }

  /**
   * Asks for a ticket, and solves the puzzles that strangers get while many wrong PINs come in.
   * @param {() => boolean} wanted
   * @returns {Promise<Answer>}
   */
  async #join(wanted) {
    let solved = '';
    for (let puzzles = 0; ; puzzles++) {
      const answer = await this.#ask(solved);
      if (!('puzzle' in answer) || !answer.puzzle || puzzles === MAX_PUZZLES) return answer;
      const { challenge, bits } = answer.puzzle;
      const pause = () => /** @type {Promise<void>} */ (new Promise((done) => { this.env.setTimeout(() => done(), 0); }));
      const found = await solve(challenge, bits, { now: this.env.now, pause, wanted });
      if (found === null) return answer;
      solved = found;
    }
  }

  /**
   * @param {string} solved the answer to a puzzle, or ''
   * @returns {Promise<Answer>}
   */
  async #ask(solved) {
    const abort = new AbortController();
    const timer = this.env.setTimeout(() => abort.abort(), JOIN_TIMEOUT);
    try {
      const { role = 'viewer', pin, name, resume } = this.party;
      const answer = await this.env.fetch('/api/v1/join', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(solved && { 'Puzzle-Answer': solved }) },
        body: JSON.stringify({ session_pin: pin, role, name: name(), resume: resume() }),
        cache: 'no-store',
        credentials: 'omit',
        signal: abort.signal,
      });
      const json = await answer.json().catch(() => null);
      if (answer.ok && typeof json?.ticket === 'string' && typeof json?.relay_path === 'string' && /^\/(?!\/)/.test(json.relay_path)) {
        return { ticket: json.ticket, path: json.relay_path };
      }
      const problem = typeof json?.error === 'string' ? json.error : answer.status >= 500 ? 'network' : 'http_' + answer.status;
      if (answer.status === 429) {
        const after = Math.min(MAX_RETRY_AFTER, Number(answer.headers.get('Retry-After')) || 10);
        return { problem, final: false, after: 1000 * Math.max(1, after), puzzle: problem === 'puzzle' ? json?.puzzle : undefined };
      }
      return { problem, final: answer.status >= 400 && answer.status < 500 && problem !== 'draining' };
    } catch {
      return { problem: 'network', final: false };
    } finally {
      this.env.clearTimeout(timer);
    }
  }

  /**
   * The socket is gone, or is given up.
   * @param {number} code
   */
  #drop(code) {
    const socket = this.#socket;
    const wasOpen = this.#open;
    this.#socket = null;
    this.#open = false;
    this.#tries++;
    this.#unwatch();
    if (socket && socket.readyState < 2) socket.close();
    if (this.#over) return;
    if (terminal(code)) {
      this.#end(code);
      return;
    }
    if (wasOpen && this.env.now() - this.#opened >= STABLE) this.#attempt = 0;
    // The first drop of a good connection is tried again at once: mostly it was a hiccup. When
    // the server sends everybody away they come back a little apart.
    if (wasOpen && this.#attempt === 0 && code !== Close.Protocol) {
      this.#attempt = 1;
      const delay = code === Close.Reconnect ? 100 + 900 * this.env.random() : 0;
      this.#retry(code === Close.Reconnect ? 'draining' : 'network', delay);
      return;
    }
    this.#retry('network');
  }

  /**
   * @param {string} problem
   * @param {number} [after] ms, instead of the usual delay
   */
  #retry(problem, after) {
    this.#cancel();
    let delay = after;
    if (delay === undefined) {
      const base = Math.min(MAX_DELAY, FIRST_DELAY * 2 ** this.#attempt);
      delay = base / 2 + base / 2 * this.env.random();
      this.#attempt = Math.min(this.#attempt + 1, 16);
    }
    this.#timer = this.env.setTimeout(() => this.#try(), delay);
    this.party.onState({ phase: 'retrying', problem, delay });
  }

  /** @param {number | string} code */
  #end(code) {
    this.#cancel();
    this.#over = true;
    this.party.onState({ phase: 'over', code });
  }
}
