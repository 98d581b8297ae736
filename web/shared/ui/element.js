// The elements that the page itself has, in index.html.

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const el = document.getElementById(id);
  if (!(el instanceof type)) throw new Error('the page lacks #' + id);
  return el;
}
