// What stands in the way of seeing or controlling the other computer, in words. Pure.

/** @typedef {import('../shared/wire.js').PresenterState} PresenterState */

/** What is said of each; one that this page does not know is none. */
const SAID = new Map([['locked', 'condition.locked'], ['secure', 'condition.secure'], ['elevated', 'condition.elevated']]);

/**
 * The text for what stands in the way now; null when nothing does. still says that the picture is from before.
 * @param {PresenterState | null | undefined} presenter
 * @returns {{ key: string, still: boolean } | null}
 */
export function obstacle(presenter) {
  const key = presenter?.attached ? SAID.get(presenter.condition ?? '') : undefined;
  return key ? { key, still: presenter?.condition !== 'elevated' } : null;
}
