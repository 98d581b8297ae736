// Files that the page makes itself and hands to its person.

/**
 * Lets the browser save a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has begun by then; a revoked address would end it in some browsers.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * A name with the local date and time, fit for all file systems.
 * @param {string} what
 * @param {string} ext
 * @param {Date} [now]
 */
export function dated(what, ext, now = new Date()) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return `${what} ${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}.${ext}`;
}
