// Whole streams as the presenter's encoder makes them: the picture must be the encoder's, byte
// for byte. {"name","messages":[hex],"width","height","sha256"} of the r, g, b bytes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { Screen } from '../shared/screen.js';
import { parseHeader } from '../shared/wire.js';
import { fromHex, listVectors, readVectors } from './hex.js';

// Each JPEG is of one wrong colour here: whatever a decoder makes of it, exact ops follow for all of it.
const wrongImages = {
  decode: async () => null,
  read: (_, w, h) => new Uint8ClampedArray(4 * w * h).fill(123),
  close: () => {},
};
const settle = () => new Promise((done) => setImmediate(done));

const vectors = listVectors('streams/').flatMap((file) => readVectors('streams/' + file));

test('there are streams', () => assert.ok(vectors.length > 0));

for (const v of vectors) {
  test('stream: ' + v.name, async () => {
    const resync = [];
    let applied = 0;
    const screen = new Screen(wrongImages, { onApplied: () => applied++, onResync: (seq) => resync.push(seq) });
    const messages = v.messages.map(fromHex).map(parseHeader);
    screen.reset(messages[0].header.epoch);
    for (const { header, body } of messages) screen.push(header, body);
    for (let i = 0; i < 1000 && applied < messages.length; i++) await settle();
    assert.deepEqual([applied, resync], [messages.length, []]);
    const { picture } = screen;
    assert.deepEqual([picture.width, picture.height], [v.width, v.height]);
    const rgb = picture.bytes.filter((_, i) => i % 4 !== 3);
    assert.equal(createHash('sha256').update(rgb).digest('hex'), v.sha256);
  });
}
