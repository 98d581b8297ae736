// JPEGs by the browser's own encoder, which works beside this thread. Quality is the browser's
// scale, near enough to libjpeg's.

/** @typedef {import('./tiles.js').Pixels} Pixels */
/** @typedef {import('../shared/picture.js').Rect} Rect */

/** @returns {import('./keyframe.js').Jpegs} */
export const browserJpegs = () => ({ encode });

/**
 * @param {Pixels} pic
 * @param {Rect} r
 * @param {number} scale
 * @param {number} quality
 */
async function encode({ width, height, pixels }, r, scale, quality) {
  const all = new ImageData(new Uint8ClampedArray(/** @type {ArrayBuffer} */ (pixels.buffer), pixels.byteOffset, 4 * width * height), width, height);
  let canvas = new OffscreenCanvas(r.w, r.h);
  context(canvas).putImageData(all, -r.x, -r.y, r.x, r.y, r.w, r.h);
  if (scale > 1) {
    const small = new OffscreenCanvas(Math.ceil(r.w / scale), Math.ceil(r.h / scale));
    const to = context(small);
    to.imageSmoothingQuality = 'medium'; // means of what falls together, or near it
    to.drawImage(canvas, 0, 0, small.width, small.height);
    canvas = small;
  }
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: quality / 100 });
  if (blob.type !== 'image/jpeg') throw new Error('this browser makes no JPEGs');
  return new Uint8Array(await blob.arrayBuffer());
}

/** @param {OffscreenCanvas} canvas */
function context(canvas) {
  // In memory of the processor: the pixels are there, and go from there.
  const c = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!c) throw new Error('no canvas');
  return c;
}
