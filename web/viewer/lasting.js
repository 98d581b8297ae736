// How long something lasted, in words of the page's language. Pure.

/**
 * @param {number} ms not negative
 * @param {string} tag BCP 47
 */
export function lasting(ms, tag) {
  /** @type {(n: number, unit: string) => string} */
  const say = (n, unit) => new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'long' }).format(n);
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return say(seconds, 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return say(minutes, 'minute');
  const rest = minutes % 60;
  return say(Math.floor(minutes / 60), 'hour') + (rest ? ' ' + say(rest, 'minute') : '');
}
