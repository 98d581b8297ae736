// Words that a keyboard on glass composes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Composition } from '../viewer/composition.js';

/** What is on the other side after a word was composed in these steps. */
function arrives(steps, end) {
  const word = new Composition();
  let there = [];
  const seen = [];
  const apply = ({ remove, add }) => {
    there = [...there.slice(0, there.length - remove), ...add];
    seen.push(there.join(''));
  };
  for (const s of steps) apply(word.update(s));
  apply(word.end(end));
  assert.deepEqual(word.end(''), { remove: 0, add: '' }, 'the next word begins anew');
  return seen;
}

test('a word appears letter by letter', () => {
  assert.deepEqual(arrives(['h', 'ha', 'hal', 'ha', 'hat'], 'hat'), ['h', 'ha', 'hal', 'ha', 'hat', 'hat']);
});

test('a word that is corrected is mended from where it differs', () => {
  assert.deepEqual(arrives(['teh'], 'the'), ['teh', 'the']);
  assert.deepEqual(arrives(['сл', 'сло'], 'слово'), ['сл', 'сло', 'слово']);
  assert.deepEqual(arrives(['a😀'], 'a😃'), ['a😀', 'a😃']);
});

test('a word that was given up leaves nothing', () => {
  assert.deepEqual(arrives(['ab'], ''), ['ab', '']);
});

test('what is not yet text waits', () => {
  assert.deepEqual(arrives(['n', 'に', 'にh', 'にほ', '日本'], '日本'), ['n', '', '', '', '', '日本']);
  assert.deepEqual(arrives(['ㅎ', '하', '한'], '한'), ['', '', '', '한']);
});
