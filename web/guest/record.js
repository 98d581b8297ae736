// What was done in a session, as the guest's page saw it: when the screen was shared, and who watched
// from when to when. It outlives a reload; while the page is not there nobody can watch. Pure.

/** @typedef {import('./party.js').Person} Person */
/**
 * @typedef {object} Watched
 * @property {number} viewer
 * @property {string} name self-declared, may be ''
 * @property {boolean} twin
 * @property {number} from Unix ms
 * @property {number} to 0: still
 */
/** @typedef {{from: number, to: number}} Span to: 0: still */

const MOST = 200; // of each; the oldest go

export class Record {
  /** @type {Watched[]} oldest first */
  watched = [];
  /** @type {Span[]} oldest first */
  shared = [];
  /** the guest's program went on in the page's place: what was done there the page does not know */
  moved = false;
  /** whose session it is, verified; '' for nobody's */
  organisation = '';

  /** The screen is shared from now on. @param {number} at Unix ms, as all below */
  begin(at) {
    this.end(at);
    this.shared.push({ from: at, to: 0 });
    this.shared.splice(0, this.shared.length - MOST);
  }

  /**
   * Who is here now. Nobody watches what is not shared.
   * @param {readonly Person[]} people
   * @param {number} at
   * @returns {boolean} whether something is new
   */
  see(people, at) {
    let news = false;
    for (const w of this.watched) {
      if (w.to !== 0 || people.some((p) => p.viewer === w.viewer && p.sees)) continue;
      w.to = at;
      news = true;
    }
    for (const { viewer, name, twin, sees } of people) {
      if (!sees || this.watched.some((w) => w.to === 0 && w.viewer === viewer)) continue;
      this.watched.push({ viewer, name, twin, from: at, to: 0 });
      news = true;
    }
    this.watched.splice(0, this.watched.length - MOST);
    return news;
  }

  /** Nothing is shared any more. @param {number} at */
  end(at) {
    this.see([], at);
    for (const s of this.shared) s.to ||= at;
  }

  /** What is to be kept for a reload. @param {number} at what still goes on ends here, if nothing comes after */
  keep(at) {
    return { at, watched: this.watched, shared: this.shared, moved: this.moved, organisation: this.organisation };
  }

  /**
   * @param {any} kept of keep, or anything else
   * @returns {Record}
   */
  static of(kept) {
    const record = new Record();
    const time = (/** @type {unknown} */ n) => typeof n === 'number' && Number.isFinite(n) && n > 0;
    if (!kept || !time(kept.at) || !Array.isArray(kept.watched) || !Array.isArray(kept.shared)) return record;
    record.watched = kept.watched.filter((/** @type {any} */ w) => Number.isInteger(w?.viewer) && typeof w.name === 'string' && time(w.from))
      .map((/** @type {any} */ w) => ({ viewer: w.viewer, name: w.name, twin: w.twin === true, from: w.from, to: time(w.to) ? w.to : 0 }));
    record.shared = kept.shared.filter((/** @type {any} */ s) => time(s?.from)).map((/** @type {any} */ s) => ({ from: s.from, to: time(s.to) ? s.to : 0 }));
    record.moved = kept.moved === true;
    if (typeof kept.organisation === 'string') record.organisation = kept.organisation;
    record.end(kept.at);
    return record;
  }
}
