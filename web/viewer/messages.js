// What the page and the engine say to each other. The engine may be in a worker, so these are
// plain data: they must survive structured cloning. Types only.

/**
 * A picture's news for the canvas: by memory (of a new picture; then the same memory is meant until
 * there is another one) or by copies of rectangles, one behind the other in buffer.
 * @typedef {object} Frame
 * @property {number} token of the newest update in it
 * @property {number} width
 * @property {number} height
 * @property {number} layout
 * @property {number} stream that it is of
 * @property {SharedArrayBuffer} [memory]
 * @property {import('../shared/picture.js').Rect[]} [rects]
 * @property {ArrayBuffer} [buffer] RGBA; transferred, and given back by "painted"
 */

/**
 * The first message; there is one.
 * @typedef {object} Start
 * @property {'start'} type
 * @property {string} pin
 * @property {string} name the person's own, '' for none
 * @property {string} resume '' for none
 * @property {import('../shared/texts.js').Language} language of the page's texts
 * @property {boolean} hidden whether the page is
 * @property {number} origin performance.timeOrigin of the page, whose clock times of events are on
 * @property {boolean} shared pictures go through shared memory
 */

/**
 * From the page to the engine.
 * @typedef {{type: 'input', epoch: number, stream: number, body: Uint8Array<ArrayBuffer>, at: number}
 *   | {type: 'clip', body: Uint8Array<ArrayBuffer>}
 *   | {type: 'point', epoch: number, stream: number, body: Uint8Array<ArrayBuffer>}
 *   | {type: 'act', action: 'request' | 'continue' | 'again' | 'now'}
 *   | {type: 'watch', stream: number}
 *   | {type: 'painted', token: number, took: number, buffer: ArrayBuffer | null}
 *   | {type: 'hidden', hidden: boolean}
 *   | {type: 'network', online: boolean}
 *   | {type: 'control', control: import('../shared/wire.js').Control}
 *   | {type: 'send', files: {name: string, file: Blob}[]}
 *   | {type: 'file', what: 'accept' | 'refuse' | 'cancel' | 'forget' | 'ask', id: number}
 *   | {type: 'figures', fresh: boolean, ping: boolean}
 *   | {type: 'ping'}} ToEngine
 *   input: at is the event's time stamp if it presses something, else 0; what is for another
 *   epoch than the present one is dropped, as points are; stream: of the picture that it was made on. watch: the
 *   person wants to see that stream. painted: took in ms. control: is sent; lost if there is
 *   no connection. send: files for the guest. file: what the person does with a transfer, or (ask, id 0)
 *   asks for one. figures: fresh begins to measure
 *   rates, ping measures the round trip as well
 */

/**
 * From the engine to the page.
 * @typedef {{type: 'page', page: import('./state.js').Page, epoch: number}
 *   | {type: 'frame', frame: Frame}
 *   | {type: 'clear'}
 *   | {type: 'clip', text: string}
 *   | {type: 'shape', shape: import('../shared/wire.js').Cursor | null}
 *   | {type: 'place', place: {x: number, y: number}}
 *   | {type: 'control', control: import('../shared/wire.js').Control}
 *   | {type: 'files', moves: import('./filemove.js').Move[]}
 *   | {type: 'arrived', id: number, name: string, file: Blob}
 *   | {type: 'resume', resume: string}
 *   | {type: 'figures', figures: import('./stats.js').Snapshot}
 *   | {type: 'pong'}} FromEngine
 *   clear: the picture may not be seen any more. shape: null when it is unknown, and then the
 *   place is as well. control: what the relay said, but for pongs and files; the page of it was posted before.
 *   files: all transfers, oldest first, whenever something has changed, and four times a second while bytes
 *   move. arrived: a file as a whole. resume: to be remembered, '' to be forgotten
 */

export {};
