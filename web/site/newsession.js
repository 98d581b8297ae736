// What the page /new knows and does: which region is nearest, the session that was made, who is in
// it, the mail that invites to it. No DOM: new.js shows it.

/** @typedef {import('./api.js').Answer} Answer */
/** @typedef {{region: string, latency: number | null, error: unknown}} Measured latency in ms, null while there is none */
/** @typedef {{code: string, after: number}} Problem */

/**
 * @typedef {object} State of the session
 * @property {boolean} presenter online
 * @property {number} viewers online
 * @property {string} region
 * @property {string} organisation whose API key made it; '' for none
 * @property {number} expires ms since 1970, if nobody is online until then
 */

/**
 * @typedef {object} Env
 * @property {(method: string, path: string, call?: import('./api.js').Call) => Promise<Answer>} request
 * @property {(onProgress: (results: Measured[]) => void) => Promise<Measured[]>} measure best first
 * @property {(f: () => void, ms: number) => number} setTimeout
 * @property {(id: number) => void} clearTimeout
 * @property {() => boolean} hidden whether nobody sees the page
 */

/** How often the server is asked who is there. */
export const POLL = 2000; // ms
const POLL_HIDDEN = 10_000;
const POLL_SLOWEST = 30_000; // while it does not answer

export class NewSession {
  /** @type {'choose' | 'made' | 'ended'} */
  step = 'choose';

  /** @type {Measured[]} by name; those that do not answer come last */
  regions = [];
  /** @type {'going' | 'done' | 'failed'} */
  measuring = 'going';
  region = '';
  nearest = '';
  #chosen = false; // by the person

  key = '';
  busy = false;
  /** @type {Problem | null} of the last thing that the person asked for */
  problem = null;

  pin = '';
  /** @type {State | null} */
  state = null;
  /** the server does not answer at the moment */
  offline = false;

  /** @type {'' | 'sending' | 'sent' | 'failed'} */
  mail = '';
  mailed = '';
  /** @type {Problem | null} */
  mailProblem = null;

  /** @type {number | null} */
  #timer = null;
  #failed = 0;

  /**
   * @param {Env} env
   * @param {() => void} onChange
   */
  constructor(env, onChange) {
    this.env = env;
    this.onChange = onChange;
  }

  /** Measures the regions, and chooses the nearest unless the person has chosen. */
  async measure() {
    this.measuring = 'going';
    this.onChange();
    try {
      const results = await this.env.measure((r) => this.#show(r));
      this.#show(results);
      this.nearest = results[0].region;
      this.measuring = 'done';
      if (!this.#chosen) this.region = this.nearest;
    } catch {
      this.measuring = 'failed';
      if (!this.region) this.region = this.regions[0]?.region ?? '';
    }
    this.onChange();
  }

  /** @param {Measured[]} results */
  #show(results) {
    this.regions = [...results].sort((a, b) => Number(a.error !== null && a.latency === null) - Number(b.error !== null && b.latency === null) || (a.region < b.region ? -1 : 1));
    if (!this.#chosen) this.region = results[0]?.region ?? '';
    this.onChange();
  }

  /** @param {string} region */
  choose(region) {
    this.region = region;
    this.#chosen = true;
    this.onChange();
  }

  /** Makes a session. */
  async make() {
    if (this.busy) return;
    const query = this.region ? '?region=' + encodeURIComponent(this.region) : '';
    const answer = await this.#busily(this.env.request('GET', '/api/v1/session_pin' + query, { key: this.key }));
    if (answer.ok && typeof answer.data.session_pin === 'string') this.open(answer.data.session_pin);
    else {
      this.problem = answer.ok ? { code: 'network', after: 0 } : answer;
      this.onChange();
    }
  }

  /**
   * Shows a session.
   * @param {string} pin
   */
  open(pin) {
    this.pin = pin;
    this.step = 'made';
    this.onChange();
    return this.look();
  }

  /** Asks who is there, now and from then on. */
  async look() {
    if (this.step !== 'made') return;
    if (this.#timer !== null) this.env.clearTimeout(this.#timer);
    this.#timer = null;
    const answer = await this.env.request('GET', '/api/v1/session?session_pin=' + encodeURIComponent(this.pin));
    if (this.step !== 'made') return;
    let wait = this.env.hidden() ? POLL_HIDDEN : POLL;
    if (answer.ok) {
      const { data } = answer;
      this.state = {
        presenter: data.presenter_online === true, viewers: Number(data.viewers_online) || 0,
        region: String(data.region ?? ''), organisation: String(data.organisation ?? ''), expires: Date.parse(data.expires_at),
      };
      this.offline = false;
      this.#failed = 0;
    } else if (answer.code === 'unknown_session') {
      this.#over();
      return;
    } else {
      this.#failed++;
      this.offline = this.#failed > 1; // once is a hiccup
      wait = Math.max(1000 * answer.after, Math.min(POLL_SLOWEST, wait * 2 ** (this.#failed - 1)));
    }
    this.#timer = this.env.setTimeout(() => this.look(), wait);
    this.onChange();
  }

  /** @param {string} address @param {string} name the person's own */
  async invite(address, name) {
    if (this.mail === 'sending') return;
    this.mail = 'sending';
    this.mailProblem = null;
    this.onChange();
    const answer = await this.env.request('POST', '/api/v1/email/' + encodeURIComponent(address), {
      key: this.key, body: { type: 'invite', session_pin: this.pin, ...(name && { name }) },
    });
    this.mail = answer.ok ? 'sent' : 'failed';
    this.mailed = address;
    this.mailProblem = answer.ok ? null : answer;
    this.onChange();
  }

  /** Ends the session for everybody. Answers whether it is over. */
  async end() {
    if (this.busy) return false;
    const answer = await this.#busily(this.env.request('DELETE', '/api/v1/session?session_pin=' + encodeURIComponent(this.pin), { key: this.key }));
    if (answer.ok || answer.code === 'unknown_session') {
      this.#over();
      return true;
    }
    this.problem = answer;
    this.onChange();
    return false;
  }

  #over() {
    if (this.#timer !== null) this.env.clearTimeout(this.#timer);
    this.#timer = null;
    this.step = 'ended';
    this.problem = null;
    this.onChange();
  }

  /** @param {Promise<Answer>} asked */
  async #busily(asked) {
    this.busy = true;
    this.problem = null;
    this.onChange();
    const answer = await asked;
    this.busy = false;
    return answer;
  }

  /** What the page says of the session: 'checking', 'waiting', 'here', 'live' or 'ended'. */
  get phase() {
    if (this.step === 'ended') return 'ended';
    if (!this.state) return 'checking';
    if (!this.state.presenter) return 'waiting';
    return this.state.viewers > 0 ? 'live' : 'here';
  }
}

/**
 * A PIN as one says it aloud: letters by the words of an alphabet.
 * @param {string} pin
 * @param {string} alphabet 26 words
 */
export function spell(pin, alphabet) {
  const words = alphabet.split(' ');
  return pin.split('-').map((group) => [...group].map((c) => (c >= 'A' && c <= 'Z' ? words[c.charCodeAt(0) - 65] ?? c : c)).join(' ')).join(' – ');
}
