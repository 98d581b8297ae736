// What is known of one transfer: types, and what can be said of it alone. Pure.

/** @typedef {import('../shared/wire.js').FileControl} FileControl */
/** @typedef {import('../shared/sha256.js').Sha256} Sha256 */
/** @typedef {import('./filesender.js').Receiver} Receiver */
/** @typedef {import('./filesender.js').Sender} Sender */

/** Of a file that comes: kept as a Blob, which the browser may put on its disk. */
export const PART = 4 << 20;
const SPEED_SPAN = 5000; // ms over which the speed is measured

/**
 * One transfer, as the page shows it.
 * @typedef {object} Move
 * @property {number} id of this page
 * @property {boolean} up from this page to the guest
 * @property {string} name '' while the guest chooses
 * @property {number} size bytes
 * @property {number} at how many have arrived
 * @property {'queued' | 'asking' | 'offered' | 'moving' | 'checking' | 'done' | 'failed'} state asking: the guest is asked;
 *   offered: this page's person is
 * @property {boolean} waiting for the connection
 * @property {string} reason of failed: see internal/wire/file.go
 * @property {number} speed bytes a second; 0 = not known
 */

/**
 * @typedef {object} Env
 * @property {() => number} now ms
 * @property {(f: () => void, ms: number) => number} setTimeout
 * @property {(id: number) => void} clearTimeout
 * @property {() => number} number a random one, 1..2^32-1
 * @property {(file: FileControl) => void} say
 * @property {(number: number, body: Uint8Array) => void} send a chunk
 * @property {() => number} buffered bytes that the socket has not sent yet
 * @property {(file: Blob, from: number, to: number) => Promise<Uint8Array>} read
 * @property {(moves: Move[]) => void} tell something has changed
 * @property {(id: number, name: string, file: Blob) => void} arrived
 */

/**
 * @typedef {object} Inner
 * @property {Move} move
 * @property {number} number
 * @property {Sha256} hash
 * @property {{time: number, at: number}[]} trail for the speed
 * @property {Blob} [file] up
 * @property {Sender} [sender] up
 * @property {number} hashed up: how much of it is in hash
 * @property {{from: number, bytes: Uint8Array} | null} piece up: what was read
 * @property {Receiver} [receiver]
 * @property {Blob[]} parts
 * @property {Uint8Array<ArrayBuffer>} buffer the part that is not full
 * @property {number} filled of buffer
 * @property {number} back when it must have been offered again; 0: not
 * @property {string} sum when it is done
 */

/** Nothing can come of it any more. @param {Move} move */
export const over = (move) => move.state === 'done' || move.state === 'failed';

/** What is said of an upload. @param {Move} move @returns {Omit<FileControl, 'number'>} */
export const offer = (move) => ({ op: 'offer', name: move.name, size: move.size });

/**
 * Puts what has come behind what came before.
 * @param {Inner} one its buffer has room for the next byte
 * @param {Uint8Array} data not beyond the file's end
 */
export function keep(one, data) {
  for (let from = 0; from < data.length;) {
    const n = Math.min(data.length - from, one.buffer.length - one.filled);
    one.buffer.set(data.subarray(from, from + n), one.filled);
    one.filled += n;
    from += n;
    if (one.filled === one.buffer.length) {
      one.parts.push(new Blob([one.buffer]));
      const left = one.move.size - PART * one.parts.length;
      if (left > 0 && left < one.buffer.length) one.buffer = new Uint8Array(left);
      one.filled = 0;
    }
  }
}

/**
 * Bytes a second lately; 0 = not known yet.
 * @param {{time: number, at: number}[]} trail what was known before, oldest first
 * @param {number} now ms
 * @param {number} at
 */
export function speedOf(trail, now, at) {
  trail.push({ time: now, at });
  while (trail.length > 2 && now - trail[1].time > SPEED_SPAN) trail.shift();
  const [{ time, at: from }] = trail;
  return now - time > 500 ? (1000 * (at - from)) / (now - time) : 0;
}
