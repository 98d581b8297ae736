// The pages' own files, for tests of what they may and may not contain.
import { readFileSync, readdirSync } from 'node:fs';

const web = new URL('../', import.meta.url);

/**
 * Paths below web/ of all files of the pages, without vendor/ and test/.
 * @param {string} ext
 */
export const files = (ext) => ['site', 'viewer', 'guest', 'shared'].flatMap((folder) => {
  try {
    return readdirSync(new URL(folder, web), { recursive: true }).filter((f) => f.endsWith(ext)).map((f) => `${folder}/${f}`);
  } catch {
    return []; // no such folder yet
  }
});

/** @param {string} f */
export const read = (f) => readFileSync(new URL(f, web), 'utf8');
