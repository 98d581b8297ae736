// Calls of the broker's API for the pages: one answer or one reason why not, never an exception.
// No DOM.
import { solve } from '../shared/puzzle.js';

/**
 * @typedef {{ok: true, data: any} | {ok: false, code: string, after: number}} Answer code is the
 *   API's, or 'network', or 'http_' and a status. after: seconds to wait, 0 if it is not for that.
 */

/**
 * @typedef {object} Call
 * @property {string} [key] API key; '' for none
 * @property {string} [resume] resume secret of this session
 * @property {object} [body] makes JSON
 */

const TIMEOUT = 15_000; // ms
const MAX_PUZZLES = 3;
const MAX_AFTER = 120; // s

/**
 * @param {string} method
 * @param {string} path
 * @param {Call} [call]
 * @param {typeof fetch} [ask]
 * @returns {Promise<Answer>}
 */
export async function request(method, path, call = {}, ask = fetch) {
  let solved = '';
  for (let puzzles = 0; ; puzzles++) {
    const { answer, puzzle } = await once(method, path, call, solved, ask);
    if (answer.ok || !puzzle || puzzles === MAX_PUZZLES) return answer;
    const found = await solve(puzzle.challenge, puzzle.bits);
    if (found === null) return answer;
    solved = found;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Call} call
 * @param {string} solved
 * @param {typeof fetch} ask
 * @returns {Promise<{answer: Answer, puzzle?: {challenge: string, bits: number}}>}
 */
async function once(method, path, { key, resume, body }, solved, ask) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT);
  try {
    const reply = await ask(path, {
      method,
      headers: {
        ...(body && { 'Content-Type': 'application/json' }),
        ...(key && { Authorization: 'Bearer ' + key }),
        ...(resume && { 'Resume-Secret': resume }),
        ...(solved && { 'Puzzle-Answer': solved }),
      },
      body: body && JSON.stringify(body),
      cache: 'no-store',
      credentials: 'omit',
      signal: abort.signal,
    });
    const data = await reply.json().catch(() => null);
    if (reply.ok && data) return { answer: { ok: true, data } };
    const code = typeof data?.error === 'string' ? data.error : reply.ok || reply.status >= 500 ? 'network' : 'http_' + reply.status;
    const after = Math.min(MAX_AFTER, Math.max(0, Number(reply.headers.get('Retry-After')) || 0));
    return { answer: { ok: false, code, after }, puzzle: code === 'puzzle' ? data.puzzle : undefined };
  } catch { // no connection, too late, or a key that cannot be in a header
    return { answer: { ok: false, code: 'network', after: 0 } };
  } finally {
    clearTimeout(timer);
  }
}
