// Vendored files are what vendor/README.md says, and nothing else is there.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

const vendor = new URL('../vendor/', import.meta.url);

test('checksums of vendored files', () => {
  const listed = new Map([...readFileSync(new URL('README.md', vendor), 'utf8').matchAll(/^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$/gm)].map((m) => [m[1], m[2]]));
  const files = readdirSync(vendor, { recursive: true, withFileTypes: true }).filter((f) => f.isFile())
    .map((f) => (f.parentPath ?? f.path).slice(vendor.pathname.length).replace(/^\/|\/$/g, '') + '/' + f.name)
    .map((f) => f.replace(/^\//, '')).filter((f) => f !== 'README.md').sort();
  assert.deepEqual(files, [...listed.keys()].sort());
  for (const f of files) {
    assert.equal(createHash('sha256').update(readFileSync(new URL(f, vendor))).digest('hex'), listed.get(f), f);
  }
});
