// What was said, for the screen and for a file. Pure.

/** @typedef {import('./wire.js').ChatLine} ChatLine */

/**
 * A text in its links and what is between them. Only web addresses become links, and they are
 * shown as they are: nobody is sent to a place that they cannot read.
 * @param {string} text
 * @returns {{text: string, href?: string}[]}
 */
export function parts(text) {
  /** @type {{text: string, href?: string}[]} */
  const all = [];
  let at = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"'`\\^{|}]+/gi)) {
    // Signs at the end belong to the sentence; a bracket only if none was opened in the address.
    let url = match[0].replace(/[.,;:!?…]+$/, '');
    while (url.endsWith(')') && url.split(')').length > url.split('(').length) url = url.slice(0, -1).replace(/[.,;:!?…]+$/, '');
    const href = safe(url);
    if (!href) continue;
    if (match.index > at) all.push({ text: text.slice(at, match.index) });
    all.push({ text: url, href });
    at = match.index + url.length;
  }
  if (at < text.length) all.push({ text: text.slice(at) });
  return all;
}

/**
 * @param {string} url
 * @returns {string} '' for what is no address of the web, or hides its host behind a user name
 */
function safe(url) {
  try {
    const { protocol, username, password, href } = new URL(url);
    return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' ? href : '';
  } catch {
    return '';
  }
}

/**
 * The lines as the text of a file, in the form of the API's own (internal/chat/text.go): the role
 * stands before the name, and further lines of a text are indented, so that nobody's text can look
 * like another one's line.
 * @param {readonly ChatLine[]} lines
 */
export function transcript(lines) {
  return lines.map((l) => {
    const at = new Date(l.time).toISOString().replace('T', ' ').slice(0, 19);
    const waiting = !l.waiting ? '' : l.waiting === l.viewer ? ', not let in' : `, to technician ${l.waiting}`;
    const role = l.viewer ? `technician ${l.viewer}` : 'guest';
    return `${at}  [${role}${waiting}]${l.name ? ' ' + l.name : ''}: ${l.text.replace(/\n/g, '\n    ')}\n`;
  }).join('');
}
