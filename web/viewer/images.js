// Decodes the stream's JPEGs with the browser's own decoder, which works without https, in a page
// and in a worker.

/** @typedef {import('../shared/screen.js').Images<ImageBitmap>} Images */

const MAX_SCRATCH = 1 << 22; // pixels; a larger scratch canvas is not kept

/** @returns {Images} */
export function browserImages() {
  /** @type {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null} */
  let scratch = null;
  /**
   * @param {number} w
   * @param {number} h
   */
  const context = (w, h) => {
    if (scratch && scratch.canvas.width >= w && scratch.canvas.height >= h) return scratch;
    const made = newContext(Math.max(w, scratch?.canvas.width ?? 256), Math.max(h, scratch?.canvas.height ?? 256));
    made.imageSmoothingQuality = 'medium';
    scratch = made.canvas.width * made.canvas.height <= MAX_SCRATCH ? made : null;
    return made;
  };
  return {
    async decode(jpeg, w, h) {
      const blob = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (jpeg)], { type: 'image/jpeg' });
      const image = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
      if (image.width === w && image.height === h) return image;
      image.close();
      throw new Error('image of another size than its header says');
    },
    read(image, w, h) {
      const c = context(w, h);
      c.drawImage(image, 0, 0, w, h);
      return c.getImageData(0, 0, w, h).data;
    },
    close(image) {
      image.close();
    },
  };
}

/**
 * @param {number} w
 * @param {number} h
 * @returns {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D}
 */
function newContext(w, h) {
  // willReadFrequently keeps the pixels in memory, where they are needed.
  const options = { alpha: false, willReadFrequently: true };
  if (typeof OffscreenCanvas !== 'undefined') {
    const made = new OffscreenCanvas(w, h).getContext('2d', options);
    if (made instanceof OffscreenCanvasRenderingContext2D) return made;
  }
  const canvas = document.createElement('canvas');
  canvas.width = w;
  canvas.height = h;
  const made = canvas.getContext('2d', options);
  if (!(made instanceof CanvasRenderingContext2D)) throw new Error('no 2d canvas');
  return made;
}
