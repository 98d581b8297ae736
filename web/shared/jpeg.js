// Reads a JPEG's size before a decoder sees it, so that no image is ever decoded that is larger
// than the place it is meant for. Pure.
import { WireError } from './wire.js';

/**
 * The size of a baseline JPEG.
 * @param {Uint8Array} b
 * @returns {{w: number, h: number}} both at least 1
 * @throws {WireError} for anything but a baseline JPEG without an Exif orientation
 */
export function jpegSize(b) {
  if (b.length < 4 || b[0] !== 0xff || b[1] !== 0xd8) throw new WireError('not a JPEG');
  /** @type {{w: number, h: number} | undefined} */
  let size;
  let at = 2;
  for (;;) {
    if (b[at] !== 0xff) throw new WireError('JPEG marker');
    while (b[at] === 0xff) at++; // fill bytes
    const marker = b[at++];
    const length = b[at] << 8 | b[at + 1];
    if (at + 2 > b.length || length < 2 || length > b.length - at) throw new WireError('JPEG cut short');
    switch (marker) {
      case 0xc0: {
        const channels = b[at + 7];
        if (size || length < 8 || b[at + 2] !== 8) throw new WireError('JPEG frame');
        if ((channels !== 1 && channels !== 3) || length !== 8 + 3 * channels) throw new WireError('JPEG channels');
        size = { h: b[at + 3] << 8 | b[at + 4], w: b[at + 5] << 8 | b[at + 6] };
        if (size.w < 1 || size.h < 1) throw new WireError('JPEG size');
        break;
      }
      case 0xda:
        if (!size) throw new WireError('JPEG scan before its frame');
        return size;
      case 0xc4: // Huffman tables
      case 0xdb: // quantisation tables
      case 0xdd: // restart interval
      case 0xfe: // comment
        break;
      case 0xe1: // Exif could turn the image: sizes would no longer be what they seem
        throw new WireError('JPEG with Exif');
      default: // other application segments are harmless, other kinds of frames are not baseline
        if (marker < 0xe0 || marker > 0xef) throw new WireError('JPEG is not baseline');
    }
    at += length;
  }
}
