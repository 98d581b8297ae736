// The rules of a sharing tab: who may see, who asks, one question at a time. The twin of Go's
// internal/presenter grants.go and consent.go, but that nobody controls a browser: a wish for
// control is refused at once, with a reason that the technician's page can tell (see
// docs/decisions/0007-sharing-from-a-browser.md). Only what this says reaches the relay; what the
// relay says of grants only takes some away. Pure: messages in, messages and a page out.

import { VIEW_ONLY } from '../shared/wire.js';

/** @typedef {import('../shared/wire.js').Control} Control */
/** @typedef {import('../shared/wire.js').ViewerState} ViewerState */

/** How long a grant outlives its viewer's absence; the relay's is the same. */
export const GRACE = 60_000; // ms
/** How long a question stays open: nobody answers means no. */
export const QUESTION = 90_000;
/** Answers sooner than this were meant for what was there before the question. */
export const TOO_SOON = 500;

/**
 * @typedef {object} Grant
 * @property {boolean} view
 * @property {boolean} online as the relay says
 * @property {boolean} seen the relay has named it on this connection
 * @property {number} left when it went
 * @property {boolean} doubt away for long: the relay says whether the grant still holds
 */
/**
 * A viewer as the guest's page shows it.
 * @typedef {object} Person
 * @property {number} viewer
 * @property {string} name self-declared, may be ''
 * @property {boolean} twin another one has the same name
 * @property {boolean} sees the screen, now
 * @property {boolean} asks to see it, and waits
 * @property {boolean} wished for control, which a browser cannot give: the page can offer the program
 */
/**
 * @typedef {object} PartyPage
 * @property {Person[]} people who is here
 * @property {{viewer: number, name: string, twin: boolean, shown: number} | null} question shown: when; see TOO_SOON
 */

export class Party {
  epoch = 0;
  #consent;
  /** @type {Map<number, Grant>} */
  #grants = new Map();
  /** @type {Map<number, ViewerState>} of the newest state */
  #viewers = new Map();
  /** @type {number[]} viewers that ask to see, oldest first */
  #waiting = [];
  /** @type {{viewer: number, shown: number} | null} */
  #open = null;
  /** @type {Set<number>} */
  #wished = new Set();

  /**
   * @param {'ask' | 'view'} consent view: everybody who has the PIN may see
   * @param {readonly number[]} [granted] of the same tab before a reload: whom the relay, too, lets see
   */
  constructor(consent, granted = []) {
    this.#consent = consent;
    for (const viewer of granted) this.#grants.set(viewer, { view: true, online: false, seen: false, left: -Infinity, doubt: true });
  }

  /** The viewers that may see: what a reload needs. */
  get granted() {
    return [...this.#grants].filter(([, g]) => g.view).map(([viewer]) => viewer);
  }

  /** Whether anybody is here that may see: if not, nothing is captured. */
  get watched() {
    for (const g of this.#grants.values()) if (g.view && g.online) return true;
    return false;
  }

  /**
   * Whether what a viewer points at may be shown: it sees the screen.
   * @param {number} viewer
   */
  sees(viewer) {
    const g = this.#grants.get(viewer);
    return g !== undefined && g.view && g.online;
  }

  /**
   * Takes a control message of the relay.
   * @param {Control} c
   * @param {number} viewer of its header
   * @param {number} now ms
   * @returns {Control[]} what is to be sent
   */
  take(c, viewer, now) {
    switch (c.type) {
      case 'welcome': return this.#welcome(c.epoch ?? 0, c.resumed ?? false, now);
      case 'state': return this.#state(c.viewers ?? [], now);
      case 'ask': return this.#asked(viewer, c.control ?? false, now);
      default: return [];
    }
  }

  /**
   * A new connection. same: the relay knows this presenter from before, so that its grants stay,
   * and are named again but for viewers that may have been away for too long.
   * @param {number} epoch
   * @param {boolean} same
   * @param {number} now
   */
  #welcome(epoch, same, now) {
    this.epoch = epoch;
    const out = [/** @type {Control} */ ({ type: 'shares', view_only: true })];
    for (const [viewer, g] of this.#grants) {
      if (!same || !g.view) {
        this.#grants.delete(viewer);
        continue;
      }
      g.online = g.seen = false;
      g.doubt = now - g.left > GRACE;
      if (!g.doubt) out.push({ type: 'grant', viewer, view: true });
    }
    return out;
  }

  /** The connection is gone, and with it everybody; an open question is withdrawn. @param {number} now */
  offline(now) {
    for (const g of this.#grants.values()) {
      if (g.online) g.left = now;
      g.online = false;
    }
    this.#viewers.clear();
    this.#waiting = [];
    this.#open = null;
  }

  /** @param {ViewerState[]} viewers @param {number} now */
  #state(viewers, now) {
    this.#viewers = new Map(viewers.map((v) => [v.viewer, v]));
    for (const v of viewers) {
      const g = this.#grants.get(v.viewer) ?? { view: false, online: false, seen: false, left: now, doubt: false };
      if (g.doubt) {
        g.view &&= v.view ?? false;
        g.doubt = false;
      }
      if (g.online && !v.online) g.left = now;
      g.seen = true;
      g.online = v.online ?? false;
      this.#grants.set(v.viewer, g);
    }
    for (const [viewer, g] of this.#grants) {
      // Named before and now no more: it was away for too long.
      if ((g.seen || g.doubt) && !this.#viewers.has(viewer)) this.#grants.delete(viewer);
    }
    const here = (/** @type {number} */ viewer) => this.#viewers.get(viewer)?.online ?? false;
    this.#waiting = this.#waiting.filter(here);
    for (const viewer of this.#wished) if (!here(viewer)) this.#wished.delete(viewer);
    if (this.#open && !here(this.#open.viewer)) return this.#close(now);
    return [];
  }

  /** @param {number} viewer @param {boolean} control @param {number} now */
  #asked(viewer, control, now) {
    const g = this.#grants.get(viewer);
    if (!g?.online) return []; // it has left meanwhile
    if (control) {
      this.#wished.add(viewer);
      return [/** @type {Control} */ ({ type: 'refuse', viewer, control: true, reason: VIEW_ONLY })];
    }
    if (g.view || this.#consent === 'view') return this.#grant(viewer, true);
    if (this.#open?.viewer === viewer || this.#waiting.includes(viewer)) return [];
    this.#waiting.push(viewer);
    return this.#next(now);
  }

  /** @param {number} viewer @param {boolean} view @returns {Control[]} */
  #grant(viewer, view) {
    const g = this.#grants.get(viewer);
    if (g) g.view = view;
    return [{ type: 'grant', viewer, view }];
  }

  /** Puts the oldest wish before the guest. @param {number} now @returns {Control[]} */
  #next(now) {
    const viewer = this.#open ? undefined : this.#waiting.shift();
    if (viewer === undefined) return [];
    this.#open = { viewer, shown: now };
    return [{ type: 'question', open: true }];
  }

  /** The open question is settled. @param {number} now @returns {Control[]} */
  #close(now) {
    this.#open = null;
    const next = this.#next(now);
    return next.length > 0 ? next : [{ type: 'question', open: false }];
  }

  /**
   * The guest's answer. One that came too soon, or to another question, counts for nothing.
   * @param {number} viewer
   * @param {boolean} yes
   * @param {number} now
   * @returns {Control[]}
   */
  answer(viewer, yes, now) {
    if (this.#open?.viewer !== viewer || now - this.#open.shown < TOO_SOON) return [];
    /** @type {Control[]} */
    const said = yes ? this.#grant(viewer, true) : [{ type: 'refuse', viewer }];
    return [...said, ...this.#close(now)];
  }

  /**
   * Time goes by: a question that nobody answers is a no.
   * @param {number} now
   * @returns {{out: Control[], wait: number}} wait: ms until the next call
   */
  tick(now) {
    if (!this.#open) return { out: [], wait: Infinity };
    const left = this.#open.shown + QUESTION - now;
    return left > 0 ? { out: [], wait: left } : { out: this.answer(this.#open.viewer, false, now), wait: 0 };
  }

  /**
   * The guest ends a viewer's view.
   * @param {number} viewer
   * @returns {Control[]}
   */
  revoke(viewer) {
    return this.#grants.get(viewer)?.view ? this.#grant(viewer, false) : [];
  }

  /** The guest stops: nobody may see any more. @returns {Control[]} */
  end() {
    const { granted } = this;
    this.#waiting = [];
    this.#open = null;
    return granted.flatMap((viewer) => this.#grant(viewer, false));
  }

  /** @returns {PartyPage} */
  page() {
    /** @type {Person[]} */
    const people = [];
    for (const v of this.#viewers.values()) {
      if (!v.online) continue;
      people.push({
        viewer: v.viewer, name: v.name ?? '', twin: v.twin ?? false, sees: this.sees(v.viewer),
        asks: this.#open?.viewer === v.viewer || this.#waiting.includes(v.viewer), wished: this.#wished.has(v.viewer),
      });
    }
    const asker = this.#open && this.#viewers.get(this.#open.viewer);
    return {
      people,
      question: this.#open && { viewer: this.#open.viewer, name: asker?.name ?? '', twin: asker?.twin ?? false, shown: this.#open.shown },
    };
  }
}
