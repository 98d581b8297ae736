// What the page and the worker of a sharing tab say to each other. Types only.

/**
 * @typedef {object} Start
 * @property {'start'} type
 * @property {string} pin
 * @property {string} name of the guest, may be ''
 * @property {Kept | null} kept of an earlier connection of this tab
 * @property {'ask' | 'view'} consent
 * @property {ReadableStream<VideoFrame>} [frames] absent: frames come as messages
 * @property {MediaStreamTrack} [track] instead, where only a worker may read it
 */
/**
 * What shows that it is the same party after a reload, and whom the guest lets see. For
 * sessionStorage: no other tab may have it.
 * @typedef {{resume: string, granted: number[]}} Kept
 */
/** @typedef {import('../shared/wire.js').Control} Control */
/**
 * To the worker. say: a line of the chat, or a wish for older ones; wake: the person is back.
 * @typedef {Start
 *   | {type: 'frame', frame: VideoFrame | ImageBitmap}
 *   | {type: 'answer', viewer: number, yes: boolean}
 *   | {type: 'revoke', viewer: number}
 *   | {type: 'say', control: Control}
 *   | {type: 'network', online: boolean}
 *   | {type: 'wake'}
 *   | {type: 'figures'}
 *   | {type: 'stop'}} ToWorker
 */
/**
 * @typedef {object} SharePage what the page shows
 * @property {import('../shared/transport.js').LinkState} link
 * @property {string} handover with this the guest's own program joins in this tab's place, once: its PINDESK_HANDOVER. ''
 *   while there is none. When it has, link is over with Close.Moved; a new Share with what was kept comes back
 * @property {boolean} watched somebody sees the screen now
 * @property {import('./party.js').Person[]} people
 * @property {import('./party.js').PartyPage['question']} question
 */
/**
 * @typedef {object} Figures since the start
 * @property {number} updates
 * @property {number} bytes
 * @property {number} frames looked at
 * @property {number} read ms in which pixels were read
 * @property {number} encode ms of encoding, waiting for JPEGs included
 * @property {number} most ms of the slowest encoding
 * @property {string} way how pixels are read
 */
/**
 * From the worker. chat: what the page's chat hears of the relay, and the welcome, which has the organisation; point: somebody who sees the screen points there, or no more; want: a frame, where
 * they come as messages; failed: nothing is shared any more; ended: the screen is not given any more.
 * @typedef {{type: 'page', page: SharePage}
 *   | {type: 'keep', kept: Kept}
 *   | {type: 'chat', control: Control}
 *   | {type: 'point', viewer: number, at: {x: number, y: number} | null}
 *   | {type: 'want'}
 *   | {type: 'figures', figures: Figures}
 *   | {type: 'failed', problem: string}
 *   | {type: 'ended'}} FromWorker
 */

export {};
