// What tests of the sharing tab need: seeded chance, and a desktop that lives.

/**
 * Seeded random whole numbers below n (mulberry32).
 * @param {number} seed
 * @returns {(n: number) => number}
 */
export function random(seed) {
  let a = seed | 0;
  return (n) => {
    a = a + 0x6d2b79f5 | 0;
    let t = Math.imul(a ^ a >>> 15, 1 | a);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return Math.floor(((t ^ t >>> 14) >>> 0) / 2 ** 32 * n);
  };
}

/** A desktop of which tests draw, scroll and drag parts. */
export class Scene {
  /**
   * @param {(n: number) => number} rnd
   * @param {number} width
   * @param {number} height
   */
  constructor(rnd, width, height) {
    this.rnd = rnd;
    this.width = width;
    this.height = height;
    this.pixels = new Uint32Array(width * height).fill(rgb(58, 110, 165));
  }

  /** A rectangle inside of the picture, mostly small. */
  somewhere(most = this.rnd(4) === 0 ? 1e9 : 90) {
    const w = 1 + this.rnd(Math.min(most, this.width));
    const h = 1 + this.rnd(Math.min(most, this.height));
    return { x: this.rnd(this.width - w + 1), y: this.rnd(this.height - h + 1), w, h };
  }

  each({ x, y, w, h }, colour) {
    for (let j = y; j < y + h; j++) for (let i = x; i < x + w; i++) this.pixels[j * this.width + i] = colour(i, j);
  }

  fill(r) {
    const c = rgb(this.rnd(256), this.rnd(256), this.rnd(256));
    this.each(r, () => c);
  }

  /** Something like text; smooth has up to 30 greys. */
  text(r, smooth = this.rnd(3) === 0) {
    this.each(r, (i, j) => {
      if (j % 12 < 3 || this.rnd(4) > 0) return rgb(255, 255, 255);
      const grey = smooth ? 8 * this.rnd(30) : 32;
      return rgb(grey, grey, grey);
    });
  }

  noise(r) {
    this.each(r, () => rgb(this.rnd(256), this.rnd(256), this.rnd(256)));
  }

  gradient(r) {
    const k = this.rnd(5);
    this.each(r, (i, j) => rgb(i * 255 / this.width, j * 255 / this.height, (i + j) * k & 255));
  }

  /** What stood in r goes dx, dy further, as far as it stays inside; behind it all stays. */
  move({ x, y, w, h }, dx, dy) {
    const old = this.pixels.slice();
    for (let j = y; j < y + h; j++) {
      for (let i = x; i < x + w; i++) {
        if (i + dx < 0 || j + dy < 0 || i + dx >= this.width || j + dy >= this.height) continue;
        this.pixels[(j + dy) * this.width + i + dx] = old[j * this.width + i];
      }
    }
  }

  /** Something happens: typing, a scroll, a drag, a photo. */
  change() {
    const { rnd } = this;
    const r = this.somewhere();
    switch (rnd(8)) {
      case 0: this.noise(r); break;
      case 1: this.gradient(r); break;
      case 2: this.fill(r); break;
      case 3: this.move(this.somewhere(1e9), 0, rnd(97) - 48); break;
      case 4: this.move(this.somewhere(1e9), rnd(81) - 40, rnd(3) === 0 ? 0 : rnd(81) - 40); break;
      default: this.text(r);
    }
  }
}

/** A pixel as in an ImageData on a little-endian machine. */
export const rgb = (r, g, b) => (0xff000000 | b << 16 | g << 8 | r) >>> 0;

/**
 * A real baseline JPEG, though of one grey, whatever was to be in it: a viewer that takes a lossy
 * tile for an exact one shows it at once.
 * @param {number} w
 * @param {number} h
 * @param {number} size bytes that it takes at least, up to 60 kB
 */
export function greyJpeg(w, h, size = 0) {
  const out = [0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...new Array(64).fill(1)];
  out.push(0xff, 0xc0, 0, 11, 8, h >> 8, h & 255, w >> 8, w & 255, 1, 1, 0x11, 0);
  for (const table of [0, 0x10]) out.push(0xff, 0xc4, 0, 20, table, 1, ...new Array(15).fill(0), 0); // the code 0 is the value 0
  const scan = Math.ceil(Math.ceil(w / 8) * Math.ceil(h / 8) / 4);
  const pad = Math.min(60_000, size - out.length - scan - 16);
  if (pad > 2) out.push(0xff, 0xfe, pad >> 8, pad & 255, ...new Array(pad - 2).fill(0x5a));
  out.push(0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, ...new Array(scan).fill(0), 0xff, 0xd9);
  return Uint8Array.from(out);
}

/** JPEGs for an Encoder in node, whose sizes depend on area and quality as real ones' do. */
export const greyJpegs = {
  made: 0,
  async encode(pic, { w, h }, scale, quality) {
    greyJpegs.made++;
    const sw = Math.ceil(w / scale);
    const sh = Math.ceil(h / scale);
    return greyJpeg(sw, sh, 400 + Math.floor(sw * sh * quality / 400));
  },
};

/** Decodes them for a Screen. */
export const greyImages = {
  decode: async () => 0,
  read: (image, w, h) => new Uint8ClampedArray(4 * w * h).fill(128),
  close: () => {},
};
