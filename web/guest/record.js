// What was done in a session: when this page shared the screen, and who watched from when to when, as it
// saw that itself; and once the guest's program has shared in its place, what the broker's log says (log.js).
// It outlives a reload; while neither is there nobody can watch. Pure.

/** @typedef {import('./party.js').Person} Person */
/**
 * @typedef {object} Watched
 * @property {number} viewer
 * @property {string} name self-declared, may be ''
 * @property {boolean} twin
 * @property {number} from Unix ms
 * @property {number} to 0: still
 */
/**
 * @typedef {object} Done what the log says
 * @property {Watched[]} watched
 * @property {Watched[]} controlled
 * @property {import('./log.js').Moved[]} files
 * @property {boolean} gaps it does not have everything
 * @property {number} read when it was read, Unix ms: what this page saw after that is not in it
 */
/** @typedef {{from: number, to: number}} Span to: 0: still */

const MOST = 200; // of each; the oldest go

export class Record {
  /** @type {Watched[]} oldest first */
  watched = [];
  /** @type {Span[]} oldest first */
  shared = [];
  /** the guest's program went on in the page's place */
  moved = false;
  /** what was done then, and before; null: not known @type {Done | null} */
  log = null;
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

  /** Who watched, as far as that is known. @returns {Watched[]} oldest first */
  get whoWatched() {
    const { log } = this;
    return log ? [...log.watched, ...this.watched.filter((w) => w.from > log.read)] : this.watched;
  }

  /**
   * The log was read.
   * @param {Omit<Done, 'read'>} done
   * @param {number} at
   */
  learn(done, at) {
    const copies = (/** @type {Watched[]} */ all) => all.map((w) => ({ ...w }));
    this.log = { watched: copies(done.watched), controlled: copies(done.controlled), files: [...done.files], gaps: done.gaps, read: at };
  }

  /** Nothing is shared any more, whether the log knows of that already or not. @param {number} at */
  end(at) {
    this.see([], at);
    for (const w of [...this.log?.watched ?? [], ...this.log?.controlled ?? []]) w.to ||= Math.max(at, w.from); // the broker's clock is another one
    for (const s of this.shared) s.to ||= at;
  }

  /** What is to be kept for a reload. @param {number} at what still goes on ends here, if nothing comes after */
  keep(at) {
    return { at, watched: this.watched, shared: this.shared, moved: this.moved, log: this.log, organisation: this.organisation };
  }

  /**
   * @param {any} kept of keep, or anything else
   * @returns {Record}
   */
  static of(kept) {
    const record = new Record();
    const time = (/** @type {unknown} */ n) => typeof n === 'number' && Number.isFinite(n) && n > 0;
    if (!kept || !time(kept.at) || !Array.isArray(kept.watched) || !Array.isArray(kept.shared)) return record;
    const people = (/** @type {any[]} */ all) => all.filter((w) => Number.isInteger(w?.viewer) && typeof w.name === 'string' && time(w.from))
      .map((w) => ({ viewer: w.viewer, name: w.name, twin: w.twin === true, from: w.from, to: time(w.to) ? w.to : 0 }));
    record.watched = people(kept.watched);
    record.shared = kept.shared.filter((/** @type {any} */ s) => time(s?.from)).map((/** @type {any} */ s) => ({ from: s.from, to: time(s.to) ? s.to : 0 }));
    record.moved = kept.moved === true;
    const { log } = kept;
    if (time(log?.read) && Array.isArray(log.watched) && Array.isArray(log.controlled) && Array.isArray(log.files)) {
      record.log = {
        watched: people(log.watched), controlled: people(log.controlled), gaps: log.gaps === true, read: log.read,
        files: log.files.filter((/** @type {any} */ f) => Number.isInteger(f?.viewer) && typeof f.name === 'string' && typeof f.file === 'string' && Number.isFinite(f.size) && time(f.at)),
      };
    }
    if (typeof kept.organisation === 'string') record.organisation = kept.organisation;
    record.end(kept.at);
    return record;
  }
}
