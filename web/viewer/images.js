// Decodes the stream's JPEGs with the browser's own decoder, which works without https and off
// the main thread.

/** @typedef {import('../shared/screen.js').Images<ImageBitmap>} Images */

const MAX_SCRATCH = 1 << 22; // pixels; a larger scratch canvas is not kept

/** @returns {Images} */
export function browserImages() {
  /** @type {CanvasRenderingContext2D | null} */
  let scratch = null;
  /**
   * @param {number} w
   * @param {number} h
   */
  const context = (w, h) => {
    if (scratch && scratch.canvas.width >= w && scratch.canvas.height >= h) return scratch;
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(w, scratch?.canvas.width ?? 256);
    canvas.height = Math.max(h, scratch?.canvas.height ?? 256);
    // willReadFrequently keeps the pixels in memory, where they are needed.
    const made = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    if (!made) throw new Error('no 2d canvas');
    made.imageSmoothingQuality = 'medium';
    scratch = canvas.width * canvas.height <= MAX_SCRATCH ? made : null;
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
