// The overlay of statistics: a list of figures in a corner of the picture, which never takes the
// mouse, and the same as JSON in data-json. Nothing runs while it is closed.
import { t } from '../shared/texts.js';
import { KINDS } from './stats.js';

/** @typedef {import('./stats.js').Snapshot} Snapshot */
/** @typedef {import('./stats.js').Times} Times */

const REFRESH = 500; // ms
const PINGS_EVERY = 2; // refreshes: a ping a second

/**
 * Reports whether a keydown is the shortcut Ctrl+Alt+Shift+S, and not a character typed by AltGr.
 * @param {Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey' | 'getModifierState'>} e
 */
export const isStatsKey = (e) =>
  e.code === 'KeyS' && e.ctrlKey && e.altKey && e.shiftKey && !e.metaKey && !e.getModifierState('AltGraph');

const NONE = '–';

/** @param {number} n not negative */
const short = (n) => (n < 9.95 ? n.toFixed(1) : n.toFixed(0));

/** @param {number | null} n */
export function formatBytes(n) {
  if (n === null) return NONE;
  if (n < 999.5) return t('stats.bytes', { n: Math.round(n) });
  return n < 999_500 ? t('stats.kilobytes', { n: short(n / 1e3) }) : t('stats.megabytes', { n: short(n / 1e6) });
}

/** @param {number | null} n */
const formatMs = (n) => (n === null ? NONE : t('stats.ms', { n: short(n) }));

/** @param {string} of a formatted number */
const perSecond = (of) => (of === NONE ? of : t('stats.persecond', { n: of }));

/** @param {Times} times */
const formatTimes = ({ newest, median }) =>
  (median === null ? NONE : t('stats.times', { newest: formatMs(newest), median: formatMs(median) }));

/**
 * What the rows say, by the key of their label.
 * @param {Snapshot} s
 * @returns {[string, string][]}
 */
export function rows(s) {
  return [
    ['stats.fps', perSecond(s.fps === null ? NONE : short(s.fps))],
    ['stats.received', perSecond(formatBytes(s.rate?.total ?? null))],
    ...KINDS.map((kind) => /** @type {[string, string]} */ (['stats.kind.' + kind, perSecond(formatBytes(s.rate?.[kind] ?? null))])),
    ['stats.work', formatMs(s.work)],
    ['stats.path', t('stats.path.relay')], // there is no other one yet
    ['stats.rtt', formatMs(s.rtt)],
    ['stats.queue', formatBytes(s.queue)],
    ['stats.click', formatTimes(s.clickToPixel)],
    ['stats.tosharp', formatTimes(s.timeToSharp)],
    ['stats.sharp', s.sharp === null ? NONE : t(s.sharp ? 'stats.sharp.yes' : 'stats.sharp.no')],
  ];
}

export class StatsPanel {
  #open;
  #available = false;
  #timer = 0;
  #ticks = 0;
  /** @type {HTMLElement[]} */
  #values = [];

  /**
   * @param {HTMLElement} panel
   * @param {object} page
   * @param {boolean} page.open whether it was left open
   * @param {(open: boolean) => void} page.onToggled
   * @param {(fresh: boolean, ping: boolean) => void} page.ask for figures, which come by show; fresh:
   *   the overlay was just opened; ping: the round trip is to be measured as well
   */
  constructor(panel, page) {
    this.panel = panel;
    this.page = page;
    this.#open = page.open;
    // Before anything of it is sent to the remote screen.
    window.addEventListener('keydown', (e) => {
      if (!this.#available || !isStatsKey(e)) return;
      e.preventDefault();
      e.stopPropagation();
      if (!e.repeat) this.toggle();
    }, { capture: true });
    this.#place();
  }

  /** @param {boolean} available whether there is a picture that figures could be about */
  set available(available) {
    if (available === this.#available) return;
    this.#available = available;
    this.#place();
  }

  /** Whether the person wants it, if there is anything to show. */
  get open() {
    return this.#open;
  }

  toggle() {
    this.#open = !this.#open;
    this.page.onToggled(this.#open);
    this.#place();
  }

  #place() {
    const shown = this.#open && this.#available;
    this.panel.hidden = !shown;
    if (shown === (this.#timer !== 0)) return;
    if (!shown) {
      clearInterval(this.#timer);
      this.#timer = 0;
      delete this.panel.dataset.json;
      return;
    }
    this.#ticks = 0;
    this.#timer = window.setInterval(() => this.#ask(), REFRESH);
    this.#ask();
  }

  #ask() {
    this.page.ask(this.#ticks === 0, this.#ticks % PINGS_EVERY === 0);
    this.#ticks++;
  }

  /** @param {Snapshot} figures */
  show(figures) {
    if (this.panel.hidden) return; // it was closed meanwhile
    this.panel.dataset.json = JSON.stringify(figures);
    const texts = rows(figures);
    if (this.#values.length === 0) this.#build(texts);
    texts.forEach(([, text], i) => {
      if (this.#values[i].textContent !== text) this.#values[i].textContent = text;
    });
  }

  /** @param {[string, string][]} texts */
  #build(texts) {
    const list = document.createElement('dl');
    for (const [key] of texts) {
      const row = document.createElement('div');
      const label = document.createElement('dt');
      const value = document.createElement('dd');
      label.textContent = t(key);
      if (key.startsWith('stats.kind.')) row.className = 'part';
      row.append(label, value);
      list.append(row);
      this.#values.push(value);
    }
    this.panel.append(list);
  }
}
