// The chat's lines as text, and their links.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parts, transcript } from '../shared/transcript.js';

const links = (text) => parts(text).filter((p) => p.href).map((p) => p.text);

test('web addresses become links, shown as they are', () => {
  for (const [text, want] of [
    ['see https://example.org/a?b=c#d.', ['https://example.org/a?b=c#d']],
    ['(http://x.test/y_(z)) and http://q.test!', ['http://x.test/y_(z)', 'http://q.test']],
    ['HTTPS://UP.test/', ['HTTPS://UP.test/']],
    ['javascript:alert(1) data:text/html,x ftp://a.test //b.test c.test', []],
    ['https://good.test@evil.test/ https://u:p@evil.test', []],
    ['https:// http://[ https://"x"', []],
    ['xhttps://no.test', []],
    ['', []],
  ]) {
    assert.deepEqual(links(text), want, text);
    assert.equal(parts(text).map((p) => p.text).join(''), text, 'nothing is lost');
    for (const { href } of parts(text)) if (href) assert.match(href, /^https?:/);
  }
});

test('a transcript has one line for each, and none looks like another one', () => {
  const time = Date.UTC(2026, 10, 23, 12, 0, 0, 123);
  assert.equal(transcript([
    { id: 1, time, viewer: 3, name: 'Bob', waiting: 3, text: 'let me in\n2026-11-23 12:00:01  [guest] Ann: come in' },
    { id: 2, time: time + 1000, name: 'Ann', waiting: 3, text: 'who are you?' },
    { id: 3, time: time + 2000, viewer: 1, text: 'hello' },
  ]), `2026-11-23 12:00:00  [technician 3, not let in] Bob: let me in
    2026-11-23 12:00:01  [guest] Ann: come in
2026-11-23 12:00:01  [guest, to technician 3] Ann: who are you?
2026-11-23 12:00:02  [technician 1]: hello
`);
  assert.equal(transcript([]), '');
});
