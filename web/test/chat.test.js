// The chat as a page knows it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Chat } from '../shared/chat.js';

const line = (id, text, o = {}) => ({ id, time: 1000 * id, text, ...o });
const said = (...lines) => ({ type: 'chat', lines });
const texts = (chat) => chat.lines.map((l) => l.text).join(' ');

function opened() {
  const chat = new Chat('p');
  chat.onControl({ type: 'welcome', viewer: 1 });
  return chat;
}

test('lines come in order and once', () => {
  const chat = opened();
  chat.onControl(said(line(3, 'c', { viewer: 2 })));
  chat.onControl({ ...said(line(1, 'a'), line(2, 'b'), line(3, 'c')), more: false });
  chat.onControl(said(line(2, 'again')));
  chat.onControl({ type: 'chat' });
  chat.onControl(said(line(0, 'no id')));
  assert.equal(texts(chat), 'a b c');
});

test('what did not come back is said again by the same id', () => {
  const chat = opened();
  assert.deepEqual(chat.say('  hello '), [{ type: 'chat', text: 'hello', client: 'p-1' }]);
  assert.deepEqual(chat.say(' \n'), []);
  chat.onClosed();
  assert.deepEqual(chat.say('while away', 7), []);
  assert.deepEqual(chat.older(), []);
  assert.deepEqual(chat.onControl({ type: 'welcome' }), [
    { type: 'chat', text: 'hello', client: 'p-1' }, { type: 'chat', text: 'while away', client: 'p-2', viewer: 7 }]);
  chat.onControl(said(line(1, 'hello', { client: 'p-1' }), line(2, 'of another', { client: 'q-2' })));
  assert.deepEqual(chat.unheard.map((u) => u.client), ['p-2']);
  chat.onControl(said(line(3, 'while away', { client: 'p-2', waiting: 7 })));
  assert.deepEqual(chat.unheard, []);
  assert.deepEqual(chat.onControl({ type: 'welcome' }), []);
});

test('what was refused waits for the person', () => {
  const chat = opened();
  chat.say('a');
  chat.say('b');
  chat.onControl({ type: 'unsaid', client: 'p-1', reason: 'flood' });
  chat.onControl({ type: 'unsaid', client: 'p-99', reason: 'flood' });
  assert.deepEqual(chat.unheard.map((u) => u.problem), ['flood', undefined]);
  assert.deepEqual(chat.onControl({ type: 'welcome' }).map((c) => c.client), ['p-2']);
  assert.deepEqual(chat.again('p-2'), []);
  assert.deepEqual(chat.again('p-1'), [{ type: 'chat', text: 'a', client: 'p-1' }]);
  chat.drop('p-1');
  assert.equal(chat.unheard.length, 1);
});

test('older lines are asked for from the oldest one', () => {
  const chat = opened();
  assert.deepEqual(chat.older(), []);
  chat.onControl({ ...said(line(11, 'x')), more: true });
  chat.onControl({ ...said(line(12, 'y')), more: true }); // the second message of one answer
  assert.deepEqual(chat.older(), [{ type: 'chat_log', before: 11 }]);
  chat.onControl({ ...said(line(10, 'w')), more: true });
  chat.onControl(said(line(13, 'new')));
  assert.deepEqual(chat.older(), [{ type: 'chat_log', before: 10 }]);
  chat.onControl({ type: 'chat' }); // there was nothing any more
  assert.deepEqual(chat.older(), []);
  assert.equal(texts(chat), 'w x y new');
});

test('unread are lines of others since the person looked', () => {
  const chat = opened();
  chat.onControl(said(line(1, 'a'), line(2, 'mine', { client: 'p-1' })));
  assert.equal(chat.unread, 1);
  chat.see();
  assert.equal(chat.unread, 0);
  chat.onControl(said(line(3, 'b'), line(4, 'c', { client: 'other-1' })));
  assert.equal(chat.unread, 2);
  assert.deepEqual(chat.lines.map((l) => chat.isMine(l)), [false, true, false, false]);
});

test('a page that says too much while there is no connection keeps no more than some', () => {
  const chat = new Chat('p');
  for (let i = 0; i < 60; i++) chat.say('x' + i);
  assert.equal(chat.unheard.length, 50);
});

test('a reload goes on: own lines stay own, what was seen stays seen, ids are new', () => {
  const chat = new Chat('p', 'b', 2);
  chat.onControl({ type: 'welcome', viewer: 1 });
  chat.onControl(said(line(1, 'mine', { client: 'p-a-1' }), line(2, 'seen', { viewer: 2, client: 'q-1' }), line(3, 'new', { client: 'r' })));
  assert.equal(chat.isMine(chat.lines[0]), true);
  assert.deepEqual([chat.unread, chat.newest.text], [1, 'new']);
  assert.deepEqual(chat.say('x'), [{ type: 'chat', text: 'x', client: 'p-b-1' }]);
  assert.equal(chat.see(), 3);
  assert.deepEqual([chat.unread, chat.newest], [0, undefined]);
  assert.equal(new Chat('p', 'c', 9).see(), 9);
});
