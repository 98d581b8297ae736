// What a person is to be told when control changes hands: from what the page was and what it is
// now. Pure.

/** @typedef {import('../shared/wire.js').ViewerState} ViewerState */
/** @typedef {Pick<import('./state.js').Page, 'open' | 'me' | 'control' | 'viewers'>} Turn what counts of a page */

/**
 * @typedef {object} Told
 * @property {'handed' | 'granted' | 'guest' | 'given' | 'taken'} what handed: another viewer gave control to
 *   this one; granted: it was asked for; guest: the guest has taken it back; given: this
 *   viewer's hand-over was done; taken: another viewer has it now
 * @property {ViewerState} [who] the other viewer
 */

/** @param {Turn} turn */
const mine = ({ viewers, me }) => viewers.find((v) => v.viewer === me);

/**
 * @param {Turn} before
 * @param {Turn} after
 * @returns {Told | null}
 */
export function told(before, after) {
  // What happened while there was no connection is seen, and not news.
  if (!before.open || !after.open || before.me !== after.me) return null;
  if (after.control && !before.control) {
    const giver = before.viewers.find((v) => v.control && v.viewer !== after.me);
    const now = giver && after.viewers.find((v) => v.viewer === giver.viewer);
    if (now?.why === 'handed') return { what: 'handed', who: now };
    return mine(before)?.asking === 'control' ? { what: 'granted' } : null; // who did not ask has it from the start
  }
  if (!before.control || after.control) return null;
  const who = after.viewers.find((v) => v.control);
  switch (mine(after)?.why) {
    case 'guest': return { what: 'guest' };
    case 'handed': return { what: 'given', who };
    case 'taken': return { what: 'taken', who };
    default: return null;
  }
}

/**
 * What can be done about a viewer.
 * @typedef {object} Deeds
 * @property {'ask' | 'take' | 'yield' | ''} own of this viewer's own: take needs no question
 * @property {number[]} hand to whom control can be handed
 */

/**
 * @param {import('./state.js').Page} page
 * @returns {Deeds}
 */
export function deeds(page) {
  const self = mine(page);
  const own = page.request === 'ask' ? (self?.may ? 'take' : 'ask') : page.request === 'yield' ? 'yield' : '';
  const hand = page.input && self?.asking !== 'hand' ? page.viewers.filter((v) => v.viewer !== page.me && v.online && v.view).map((v) => v.viewer) : [];
  return { own, hand };
}
