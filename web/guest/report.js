// The page that a guest keeps: what was done in a session, as one HTML file that needs nothing else and
// runs nothing. Pure.
import { sizeOf } from '../shared/size.js';
import { language, t } from '../shared/texts.js';
import { nameOf } from '../shared/ui/names.js';

/** @typedef {import('../shared/wire.js').ChatLine} ChatLine */

/** @param {string} text */
const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
/** @param {string} text an element's text */
const p = (text) => `<p>${escape(text)}</p>\n`;

/**
 * A time as people read it.
 * @param {number} at Unix ms
 * @param {'time' | 'both'} [form]
 */
export const clock = (at, form = 'time') => new Date(at).toLocaleString(language().tag, form === 'time' ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });

/**
 * @param {{from: number, to: number}} span
 * @returns {string} from when to when; the day is named where it changes
 */
export function spanText({ from, to }) {
  if (to === 0) return t('guest.span.still', { from: clock(from, 'both') });
  const same = new Date(from).toDateString() === new Date(to).toDateString();
  return t('guest.span', { from: clock(from, 'both'), to: clock(to, same ? 'time' : 'both') });
}

/** What is said of control where nobody is known to have had it. @param {import('./record.js').Record} record */
export const controlText = ({ moved, log }) => (log ? 'guest.report.watched.none' : moved ? 'guest.report.control.program' : 'guest.report.control.none');

/** What is said of files where none is known. @param {import('./record.js').Record} record */
export const filesText = ({ moved, log }) => (moved && !log ? 'guest.report.files.unknown' : 'guest.report.files.none');

/** @param {import('./log.js').Moved} moved */
export function fileText({ viewer, name, file, size, upward, at }) {
  return t(upward ? 'guest.report.files.in' : 'guest.report.files.out', {
    file, size: sizeOf(size), name: nameOf({ viewer, name }), at: clock(at, 'both'),
  });
}

/**
 * @param {object} of
 * @param {string} of.pin
 * @param {string} of.where the address of this service
 * @param {import('./record.js').Record} of.record
 * @param {readonly ChatLine[]} of.lines of the chat
 * @param {string} of.abuse where misuse is reported; '' for nowhere
 * @param {number} of.now Unix ms
 */
export function report({ pin, where, record, lines, abuse, now }) {
  const { tag, dir, app } = language();
  const title = t('guest.report.title', { pin });
  const list = (/** @type {string[]} */ items) => `<ul>\n${items.map((item) => `<li>${escape(item)}</li>\n`).join('')}</ul>\n`;
  const people = (/** @type {import('./record.js').Watched[]} */ all) => all.map((w) => t('guest.report.who', { name: nameOf(w), span: spanText(w) }));
  const who = people(record.whoWatched);
  const controlled = people(record.log?.controlled ?? []);
  const files = (record.log?.files ?? []).map(fileText);
  const said = lines.map((l) => t('guest.report.line', { at: clock(l.time, 'both'), name: l.viewer ? nameOf({ viewer: l.viewer, name: l.name }) : l.name || t('chat.from.presenter'), text: l.text }));
  return `<!doctype html>
<html lang="${escape(tag)}" dir="${dir}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 44em; margin: 2em auto; padding: 0 1em; } li { white-space: pre-wrap; overflow-wrap: anywhere; }</style>
</head>
<body>
<h1>${escape(title)}</h1>
${p(t('guest.report.made', { app, where, at: clock(now, 'both') }))}${record.organisation ? p(t('guest.report.organisation', { name: record.organisation })) : ''}<h2>${escape(t('guest.report.shared'))}</h2>
${record.shared.length > 0 ? list(record.shared.map(spanText)) : p(t('guest.report.shared.none'))}<h2>${escape(t('guest.report.watched'))}</h2>
${who.length > 0 ? list(who) : p(t('guest.report.watched.none'))}${p(t('people.selfdeclared'))}<h2>${escape(t('guest.report.control'))}</h2>
${controlled.length > 0 ? list(controlled) : p(t(controlText(record)))}<h2>${escape(t('guest.report.files'))}</h2>
${files.length > 0 ? list(files) : p(t(filesText(record)))}${record.log?.gaps ? p(t('guest.report.gaps')) : ''}<h2>${escape(t('chat.lines'))}</h2>
${said.length > 0 ? list(said) : p(t('chat.empty'))}${abuse ? p(t('guest.report.abuse', { where: abuse.replace(/^mailto:/, '') })) : ''}</body>
</html>
`;
}
