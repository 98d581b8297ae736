// Arrow keys among the buttons of a bar, a menu or a list of tabs. Such a group is one stop of the
// Tab key.

/**
 * Moves the focus as the key says.
 * @param {KeyboardEvent} e
 * @param {HTMLElement} group
 * @param {string} selector of what can have the focus in it
 * @param {'row' | 'column'} direction
 * @returns {boolean} whether the key was for the group
 */
export function rove(e, group, selector, direction) {
  const all = /** @type {HTMLElement[]} */ ([...group.querySelectorAll(selector)]);
  const next = target(e.key, all.indexOf(/** @type {HTMLElement} */ (document.activeElement)), all.length, direction, getComputedStyle(group).direction === 'rtl');
  if (next === null) return false;
  e.preventDefault();
  all[next].focus();
  return true;
}

/**
 * Which one a key means. Pure.
 * @param {string} key
 * @param {number} at where the focus is, -1 = nowhere
 * @param {number} count
 * @param {'row' | 'column'} direction
 * @param {boolean} rtl
 * @returns {number | null} null: the key means none
 */
export function target(key, at, count, direction, rtl = false) {
  if (count === 0) return null;
  const [forth, back] = direction === 'column' ? ['ArrowDown', 'ArrowUp'] : rtl ? ['ArrowLeft', 'ArrowRight'] : ['ArrowRight', 'ArrowLeft'];
  switch (key) {
    case forth: return (at + 1) % count;
    case back: return at <= 0 ? count - 1 : at - 1;
    case 'Home': return 0;
    case 'End': return count - 1;
    default: return null;
  }
}
