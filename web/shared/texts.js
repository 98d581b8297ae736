// Every text that a person sees, in one catalogue. Another language is one more object with
// the same keys in LANGUAGES; what it lacks falls back to English. Pure.

/** @type {Record<string, string>} {name} is filled in from vars */
const en = {
  'app': 'PinDesk',
  'title.viewer': '{status} – PinDesk',
  'title.site': 'PinDesk – remote support',

  'bar.label': 'Session',
  'bar.fit': 'Fit to window',
  'bar.exact': 'Original size',
  'bar.fullscreen': 'Full screen',
  'bar.windowed': 'Leave full screen',
  'bar.ask': 'Ask for control',
  'bar.asking': 'Asking for control…',
  'bar.yield': 'Give control back',
  'bar.stats': 'Statistics',
  'bar.keys': 'Ctrl+Alt+Home leaves the remote screen and comes back to this bar.',

  'stats.label': 'Statistics',
  'stats.fps': 'Updates',
  'stats.received': 'Received',
  'stats.kind.fill': 'Fills',
  'stats.kind.copy': 'Copies',
  'stats.kind.palette': 'Palettes',
  'stats.kind.delta': 'Deltas',
  'stats.kind.jpeg': 'JPEGs',
  'stats.kind.key': 'Keyframes',
  'stats.kind.other': 'Other',
  'stats.work': 'Decode and paint',
  'stats.rtt': 'Round trip to server',
  'stats.queue': 'Queue',
  'stats.click': 'Click to picture',
  'stats.tosharp': 'Change to sharp',
  'stats.sharp': 'Sharp now',
  'stats.sharp.yes': 'yes, every pixel',
  'stats.sharp.no': 'not yet',
  'stats.times': '{newest}, median {median}',
  'stats.persecond': '{n}/s',
  'stats.ms': '{n} ms',
  'stats.bytes': '{n} B',
  'stats.kilobytes': '{n} kB',
  'stats.megabytes': '{n} MB',

  'screen.label': 'Remote screen',
  'screen.keys': 'Keyboard input for the remote screen. Ctrl+Alt+Home leaves it.',

  'who.me': 'You control',
  'who.other': 'Controls, says: {name}',
  'who.unnamed': 'Viewer {number} controls',
  'who.nobody': 'Nobody controls',
  'who.twin': '{name} (viewer {number})',
  'presenter.says': 'Shares, says: {name}',

  'status.joining': 'Connecting…',
  'status.retrying': 'Trying again…',
  'status.reconnecting': 'Reconnecting…',
  'status.waiting': 'Waiting',
  'status.live': 'Connected',
  'status.paused': 'Input paused',
  'status.denied': 'Control was not allowed',
  'status.ended': 'Ended',
  'status.error': 'Not connected',

  'joining.title': 'Connecting…',
  'joining.text': 'One moment.',
  'retrying.title': 'No connection yet',
  'retrying.text': 'The server cannot be reached. This page goes on trying.',
  'busy.title': 'Too many attempts',
  'busy.text': 'The server asked to wait. This page tries again in {seconds} s.',
  'draining.title': 'The server is being restarted',
  'draining.text': 'This page comes back by itself.',
  'reconnecting.title': 'Reconnecting…',
  'reconnecting.text': 'The connection was lost. What you see is the last picture.',
  'no-presenter.title': 'Nobody shares a screen yet',
  'no-presenter.text': 'Ask the other person to start sharing with this PIN. The picture appears here by itself.',
  'presenter-away.title': 'The shared computer is away',
  'presenter-away.text': 'It lost its connection or is restarting. The picture comes back by itself.',
  'presenter-left.title': 'The other person has stopped sharing',
  'presenter-left.text': 'When they share again with this PIN, the picture comes back by itself.',
  'asking.title': 'Waiting for permission',
  'asking.text': 'The other person is being asked whether you may see the screen.',
  'denied.title': 'Not allowed',
  'denied.text': 'The other person did not allow you to see the screen.',
  'denied.blocked': 'The other person did not allow you to see the screen. Further requests are not heard.',
  'picture.title': 'Almost there',
  'picture.text': 'Waiting for the first picture.',
  'replaced.title': 'Another computer, {name}, is now sharing',
  'replaced.unnamed': 'Another computer is now sharing',
  'replaced.text': 'It joined with the PIN. Its name is what it says of itself. Nothing that you type or click reaches it until you continue.',
  'paused.title': 'Input is paused',
  'paused.text': 'The other person is being asked a question.',
  'ended.title': 'The session has ended',
  'ended.text': 'Thank you. You can close this page.',
  'ended.expired': 'It was not used any more and has expired.',
  'ended.blocked': 'The other person does not allow you in this session.',
  'ended.taken': 'This session was opened in another tab or window. Only one of them can show it.',
  'error.unknown.title': 'No session with this PIN',
  'error.unknown.text': 'The PIN is wrong, or its session has ended. Check it, or ask for a new one.',
  'error.blocked.title': 'Not allowed',
  'error.blocked.text': 'The other person does not allow you in this session.',
  'error.full.title': 'Too many viewers',
  'error.full.text': 'As many people as may are watching already. Try again when somebody has left.',
  'error.pin.title': 'No valid PIN',
  'error.pin.text': 'The address of this page has no PIN, or only a part of one. Enter it on the first page.',
  'error.data.title': 'This cannot be shown',
  'error.data.text': 'The program that shares the screen sent data that this page cannot show. You can connect again.',
  'error.other.title': 'This did not work',
  'error.other.text': 'The server answered: {code}.',
  'error.browser.title': 'This browser is too old',
  'error.browser.text': 'It lacks what is needed to show a screen. Please use a current browser.',

  'action.continue': 'Continue with this computer',
  'action.again': 'Ask again',
  'action.home': 'Enter a PIN',
  'action.here': 'Use it here',
  'action.retry': 'Try again',

  'site.heading': 'Remote support',
  'site.intro': 'See and control a computer whose owner shares it with you.',
  'site.pin': 'PIN',
  'site.pin.hint': 'Like 7W2-97-8570. Dashes and upper case are optional.',
  'site.pin.missing': 'Please enter the PIN.',
  'site.pin.malformed': 'This is not a PIN yet. It has nine characters, like 7W2-97-8570: three letters or digits, then six digits.',
  'site.name': 'Your name (optional)',
  'site.name.hint': 'The other person sees it when asked for permission.',
  'site.view': 'View this screen',
  'site.share': 'Share this computer instead',
  'site.share.text': 'Someone wants to help you? Run this on the computer that has the problem. It asks you before anyone sees or controls anything.',
  'site.share.command': 'Command that shares this computer',
  'site.copy': 'Copy',
  'site.copied': 'Copied',
  'site.copy.failed': 'Select the command and copy it',
  'site.share.warning': 'Only do this for someone whom you know or have called yourself.',
};

/** @type {Record<string, Record<string, string>>} */
const LANGUAGES = { en };

/** @type {Record<string, string>} */
let catalogue = en;

/**
 * Chooses the first language that there is a catalogue for.
 * @param {readonly string[]} wanted BCP 47 tags, as in navigator.languages
 * @returns {string} the language chosen, for <html lang>
 */
export function useLanguage(wanted) {
  const found = wanted.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? 'en';
  catalogue = LANGUAGES[found];
  return found;
}

/**
 * The text of a key; the key itself when there is none.
 * @param {string} key
 * @param {Record<string, string | number>} [vars]
 */
export function t(key, vars = {}) {
  const text = catalogue[key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(vars, name) ? String(vars[name]) : whole));
}

/**
 * Reports whether there is a text for a key.
 * @param {string} key
 */
export const hasText = (key) => Object.hasOwn(en, key);

/**
 * Fills in the page's fixed texts: data-text is an element's text, data-label its aria-label.
 * @param {ParentNode} root
 */
export function fillTexts(root) {
  for (const el of root.querySelectorAll('[data-text]')) el.textContent = t(el.getAttribute('data-text') ?? '');
  for (const el of root.querySelectorAll('[data-label]')) el.setAttribute('aria-label', t(el.getAttribute('data-label') ?? ''));
}
