// Injected into the viewer's page once it is connected. It reads the viewer's own picture at the
// end of each animation frame, with drawImage to small canvases of its own, and notes when what
// it shows has changed. All times are epoch milliseconds by the page's clock.
((G, element, eachFrame) => {
  const now = () => performance.timeOrigin + performance.now();
  const sizeOf = (e) => (e.videoWidth ? [e.videoWidth, e.videoHeight] : [e.width, e.height]);
  const surface = (w, h) => {
    const c = document.createElement('canvas');
    c.width = w;
    c.height = h;
    return c.getContext('2d', { willReadFrequently: true });
  };
  const pixel = surface(1, 1);
  const bar = surface(G.bar.w, G.bar.h);
  const whole = surface(G.width, G.height); // for pictures of the whole screen
  let kept = false; // whole holds the picture of the last frame

  const P = { mode: 'off', now };
  window.__probe = P;

  // start notes from now on: 'flip' the square's colours and input, 'bar' the frame numbers,
  // 'off' nothing. The picture that shows the frame number `last` is kept.
  P.start = (mode, last = -1) => {
    Object.assign(P, { mode, last, flips: [], frames: [], inputs: [], ticks: 0, unread: 0, colour: -1, frame: -1, begun: now() });
    kept = false;
    return true;
  };
  P.start('off');
  P.take = () => ({ flips: P.flips, frames: P.frames, inputs: P.inputs, ticks: P.ticks, unread: P.unread, ms: now() - P.begun });

  P.place = () => {
    const e = element();
    if (!e) return null;
    const r = e.getBoundingClientRect();
    const [width, height] = sizeOf(e);
    return { width, height, left: r.left, top: r.top, shown_width: r.width, shown_height: r.height, tag: e.tagName };
  };
  const copy = () => {
    const e = element();
    const [w, h] = sizeOf(e);
    whole.drawImage(e, 0, 0, w, h, 0, 0, G.width, G.height);
  };
  P.isKept = () => kept;
  // png is the picture of the last frame if it was kept, else the present one.
  P.png = () => {
    if (!kept) copy();
    return whole.canvas.toDataURL('image/png').split(',')[1];
  };

  const onInput = (kind) => () => {
    if (P.mode === 'flip') P.inputs.push([kind, now()]);
  };
  // Not mousedown: a viewer that listens to pointerdown has sent its message before that.
  window.addEventListener('pointerdown', onInput('button'), true);
  window.addEventListener('keydown', onInput('key'), true);

  const readColour = (e, fx, fy) => {
    pixel.drawImage(e, Math.floor(G.spot.x * fx), Math.floor(G.spot.y * fy), 1, 1, 0, 0, 1, 1);
    const d = pixel.getImageData(0, 0, 1, 1).data;
    if (d[0] > 150 && d[2] < 110) return 0;
    if (d[2] > 150 && d[0] < 110) return 1;
    return -1;
  };
  const readNumber = (e, fx, fy) => {
    bar.drawImage(e, G.bar.x * fx, G.bar.y * fy, G.bar.w * fx, G.bar.h * fy, 0, 0, G.bar.w, G.bar.h);
    const d = bar.getImageData(0, G.bar.h >> 1, G.bar.w, 1).data;
    let v = 0;
    for (let i = 0; i < 12; i++) if (d[(i * G.bar.cell + (G.bar.cell >> 1)) * 4 + 1] > 127) v |= 1 << i;
    let parity = 0;
    for (let i = 0; i < 10; i++) parity ^= (v >> i) & 1;
    return v >> 11 && ((v >> 10) & 1) === parity ? v & 1023 : -1;
  };
  eachFrame(() => {
    if (P.mode === 'off') return;
    P.ticks++;
    const e = element();
    const [w, h] = e ? sizeOf(e) : [0, 0];
    if (!w) {
      P.unread++;
      return;
    }
    const fx = w / G.width;
    const fy = h / G.height;
    if (P.mode === 'flip') {
      const c = readColour(e, fx, fy);
      if (c < 0) P.unread++;
      else if (c !== P.colour) {
        P.colour = c;
        P.flips.push([c, now()]);
      }
      return;
    }
    const n = readNumber(e, fx, fy);
    if (n < 0) P.unread++;
    else if (n !== P.frame) {
      P.frame = n;
      P.frames.push([n, now()]);
      if (n === P.last) {
        copy();
        kept = true;
      }
    }
  });
  return true;
})
