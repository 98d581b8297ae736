// The course of a session on this page: what the panel says besides while there is no connection
// (since when, and what can be done), and at the end (how long it lasted, its chat, a new one).
import { language, t } from '../../shared/texts.js';
import { lasting } from '../lasting.js';

/** @typedef {import('./parts.js').App} App */
/** @typedef {import('../state.js').Action} Action */

const SAY_SINCE = 5000; // ms without a connection from which on it is said since when
const OFFER_LEAVE = 60_000;

/**
 * What is added to the panel while there is no connection. Pure.
 * @param {number} ms since when
 * @param {boolean} online what the browser thinks of its own network
 * @returns {{since: boolean, hint: '' | 'lost.offline' | 'lost.long', actions: Action[]}}
 */
export function lost(ms, online) {
  const long = ms >= OFFER_LEAVE;
  return { since: ms >= SAY_SINCE, hint: !online ? 'lost.offline' : long ? 'lost.long' : '', actions: ms < SAY_SINCE ? [] : long ? ['now', 'leave'] : ['now'] };
}

/** @param {App} app @param {import('../../shared/ui/chat.js').Talk} talk */
export function course(app, talk) {
  /** @type {number | null} */
  let began = null; // when this page was first connected
  let ended = 0;
  /** @type {number | null} */
  let lostAt = null;
  let timer = 0;
  app.on('page', ({ page }) => {
    const now = Date.now();
    if (page.open) began ??= now;
    if (page.state === 'ended' || page.state === 'error') ended ||= now;
    const away = page.state === 'joining';
    if (away === (timer !== 0)) return;
    clearInterval(timer);
    timer = away ? window.setInterval(() => app.shell.update(), 1000) : 0;
    lostAt = away ? now : null;
  });
  app.shell.addPanelPart(() => {
    const { page } = app;
    const { tag } = language();
    if (lostAt !== null) {
      const ms = Date.now() - lostAt;
      const { since, hint, actions } = lost(ms, navigator.onLine);
      if (page.detail === 'busy') return { lines: [], actions: actions.filter((a) => a !== 'now') };
      const line = since ? t('lost.since', { time: new Date(lostAt).toLocaleTimeString(tag, { timeStyle: 'short' }), lasting: lasting(ms, tag) }) : '';
      return { lines: [hint && t(hint), line].filter(Boolean), actions };
    }
    if (ended === 0 || page.state !== 'ended') return null;
    /** @type {Action[]} */
    const actions = talk.chat.lines.length > 0 ? ['log'] : [];
    return { lines: began === null ? [] : [t('ended.lasted', { lasting: lasting(ended - began, tag) })], actions };
  });
}
