// Notices: lines that come up and go. A hidden live region says the newest one; so it is read out
// once, and not again when another one goes.
import { html } from '../html.js';
import { t } from '../texts.js';
import { Icon } from './icons.js';

/**
 * A line that comes up over the page and is read out, politely.
 * @typedef {object} Notice
 * @property {string} id another notice with the same id replaces it
 * @property {string} text
 * @property {'info' | 'good' | 'busy' | 'bad'} [mood]
 * @property {{label: string, run: () => void}} [action]
 * @property {number} [ms] how long it stays, 0 = until it is taken away; 6 s, or 12 s with an action
 * @property {boolean} [fixed] the person cannot close it
 */

const NOTICE_STAYS = 6000; // ms
const QUESTION_STAYS = 12_000;
const MOST_NOTICES = 4;

/** What notices there are. A page extends it by update(). */
export class NoticeBoard {
  /** @type {(Notice & {timer: number})[]} oldest first */
  notices = [];
  /** what was said last by a notice */
  said = '';

  /** They have to be drawn anew. */
  update() {}

  /** @param {Notice} notice */
  notify(notice) {
    this.#forget(notice.id);
    const ms = notice.ms ?? (notice.action ? QUESTION_STAYS : NOTICE_STAYS);
    const timer = ms > 0 ? window.setTimeout(() => this.dismiss(notice.id), ms) : 0;
    this.notices.push({ ...notice, timer });
    while (this.notices.length > MOST_NOTICES) this.#forget((this.notices.find((n) => !n.fixed) ?? this.notices[0]).id);
    this.said = notice.text;
    this.update();
  }

  /**
   * Has something read out, politely, that is seen elsewhere on the page.
   * @param {string} text
   */
  say(text) {
    this.said = text;
    this.update();
  }

  /** @param {string} id */
  dismiss(id) {
    if (this.notices.every((n) => n.id !== id)) return;
    this.#forget(id);
    this.update();
  }

  /** @param {string} id */
  #forget(id) {
    clearTimeout(this.notices.find((n) => n.id === id)?.timer);
    this.notices = this.notices.filter((n) => n.id !== id);
  }
}

/** @param {{board: NoticeBoard, back?: () => void}} props back: after one was closed */
export function Notices({ board, back }) {
  return html`
    <p class="unseen" role="status">${board.said}</p>
    <ul>
      ${board.notices.map((n) => html`
        <li key=${n.id} id=${'notice-' + n.id} class="notice" data-mood=${n.mood ?? 'info'}>
          <p>${n.text}</p>
          ${n.action && html`<button type="button" class="act" onClick=${() => {
            board.dismiss(n.id);
            n.action?.run();
          }}>${n.action.label}</button>`}
          ${!n.fixed && html`<button type="button" class="plain" aria-label=${t('notice.close')} onClick=${() => {
            board.dismiss(n.id);
            back?.();
          }}><${Icon} name="close" /></button>`}
        </li>`)}
    </ul>`;
}
