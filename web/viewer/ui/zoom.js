// Zooming and moving about in the picture: by the Screen menu, Ctrl and the wheel, two fingers,
// dragging, and at the edges of the stage.
//
// While this viewer controls, what it does with mouse and fingers is for the remote screen. Then
// zoom Ctrl+Alt and the wheel, and a trackpad's pinch, which browsers report as a wheel with a
// Ctrl key that nobody presses; and the picture moves by itself when the pointer is at an edge.
import { t } from '../../shared/texts.js';

/** @typedef {import('./parts.js').App} App */

const WHEEL = 0.005; // of the logarithm of the scale, a CSS pixel of the wheel
const IDLE = 400; // ms without the wheel: the next turn is a gesture of its own
const EDGE = 28; // CSS pixels from the stage's edge in which the picture moves
const SPEED = 1.2; // CSS pixels a ms at the very edge
const DRAGGED = 4; // CSS pixels from which on a press is a drag

/**
 * How fast the picture is to move when the pointer is near an edge. Pure.
 * @param {number} at of the pointer along one side of the stage
 * @param {number} size of that side
 * @returns {number} -1..1
 */
export function pull(at, size) {
  if (at < 0 || at > size || size < 4 * EDGE) return 0;
  if (at < EDGE) return -(EDGE - at) / EDGE;
  return at > size - EDGE ? (at - size + EDGE) / EDGE : 0;
}

/** @param {App} app */
export function zoom(app) {
  const { shell, viewport } = app;
  shell.addEntries('screen', {
    order: 10,
    title: () => t('zoom.title', { percent: Math.round(100 * viewport.zoom) }),
    entries: () => [
      { id: 'screen-fit', label: t('screen.fit'), one: true, checked: viewport.mode === 'fit', run: () => viewport.setMode('fit') },
      { id: 'screen-exact', label: t('screen.exact'), one: true, checked: viewport.mode === 1, run: () => viewport.setMode(1) },
      { id: 'screen-in', label: t('zoom.in'), stays: true, hint: t(app.page.input ? 'zoom.hint.controlling' : 'zoom.hint'), run: () => viewport.step(1) },
      { id: 'screen-out', label: t('zoom.out'), stays: true, run: () => viewport.step(-1) },
    ],
  });
  wheel(app);
  pinch(app);
  drag(app);
  edges(app);
}

/** @param {App} app */
function wheel(app) {
  const { viewport } = app;
  const held = new Set(); // Ctrl keys that are really pressed
  for (const type of /** @type {const} */ (['keydown', 'keyup'])) {
    window.addEventListener(type, (e) => {
      if (e.key !== 'Control') return;
      if (type === 'keydown') held.add(e.code);
      else held.delete(e.code);
    }, { capture: true });
  }
  window.addEventListener('blur', () => held.clear());
  let last = -Infinity;
  // In the capture phase: what is for the zoom is not for the remote screen.
  viewport.stage.addEventListener('wheel', (e) => {
    if (!e.ctrlKey || (app.input.on && held.size > 0 && !e.altKey)) return;
    e.preventDefault();
    e.stopPropagation();
    if (e.timeStamp - last > IDLE) viewport.grip();
    last = e.timeStamp;
    const pixels = e.deltaY * [1, 33, 800][e.deltaMode];
    viewport.zoomBy(Math.exp(-WHEEL * Math.max(-200, Math.min(200, pixels))), { x: e.clientX, y: e.clientY });
    app.shell.update();
  }, { capture: true, passive: false });
}

/**
 * Two fingers on the picture of who only watches; one finger scrolls it, which browsers do.
 * @param {App} app
 */
function pinch(app) {
  const { viewport } = app;
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  const spread = () => {
    const [a, b] = fingers.values();
    return { d: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };
  viewport.stage.addEventListener('pointerdown', (e) => {
    if (app.input.on || e.pointerType !== 'touch' || fingers.size >= 2) return;
    fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (fingers.size === 2) viewport.grip();
  });
  viewport.stage.addEventListener('pointermove', (e) => {
    if (!fingers.has(e.pointerId)) return;
    const before = fingers.size === 2 ? spread() : null;
    fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (!before) return;
    const now = spread();
    viewport.zoomBy(now.d / Math.max(1, before.d), now);
    viewport.pan(before.x - now.x, before.y - now.y);
    app.shell.update();
  });
  for (const type of /** @type {const} */ (['pointerup', 'pointercancel'])) window.addEventListener(type, (e) => fingers.delete(e.pointerId));
}

/**
 * Who only watches drags the picture about.
 * @param {App} app
 */
function drag(app) {
  const { viewport } = app;
  const { stage } = viewport;
  /** @type {{id: number, x: number, y: number, moved: boolean} | null} */
  let from = null;
  stage.addEventListener('pointerdown', (e) => {
    if (app.input.on || e.pointerType === 'touch' || e.button !== 0 || !viewport.overflows) return;
    from = { id: e.pointerId, x: e.clientX, y: e.clientY, moved: false };
  });
  stage.addEventListener('pointermove', (e) => {
    if (from?.id !== e.pointerId) return;
    if (!from.moved && Math.hypot(e.clientX - from.x, e.clientY - from.y) < DRAGGED) return;
    if (!from.moved) {
      stage.setPointerCapture(e.pointerId);
      stage.dataset.dragged = 'yes';
    }
    viewport.pan(from.x - e.clientX, from.y - e.clientY);
    from = { id: e.pointerId, x: e.clientX, y: e.clientY, moved: true };
  });
  for (const type of /** @type {const} */ (['pointerup', 'pointercancel'])) {
    window.addEventListener(type, () => {
      from = null;
      delete stage.dataset.dragged;
    });
  }
}

/**
 * The picture of who controls moves when the mouse is at an edge.
 * @param {App} app
 */
function edges(app) {
  const { viewport } = app;
  const { stage } = viewport;
  let frame = 0;
  let last = 0;
  let vx = 0;
  let vy = 0;
  /** @param {number} now */
  const move = (now) => {
    frame = 0;
    const [x, y] = [stage.scrollLeft, stage.scrollTop];
    // The first frame only begins to measure, and one right after another moves by less than the
    // stage scrolls by: neither is the picture's end.
    const passed = last === 0 ? 0 : Math.min(50, now - last);
    viewport.pan(vx * SPEED * passed, vy * SPEED * passed);
    const moved = stage.scrollLeft !== x || stage.scrollTop !== y;
    if (moved || last === 0) last = now;
    if ((vx !== 0 || vy !== 0) && (moved || passed < 50)) frame = requestAnimationFrame(move);
  };
  stage.addEventListener('pointermove', (e) => {
    if (!app.input.on || e.pointerType === 'touch' || viewport.mode === 'fit') return;
    const box = stage.getBoundingClientRect();
    vx = pull(e.clientX - box.left, stage.clientWidth);
    vy = pull(e.clientY - box.top, stage.clientHeight);
    if ((vx !== 0 || vy !== 0) && frame === 0) {
      last = 0;
      frame = requestAnimationFrame(move);
    }
  });
  stage.addEventListener('pointerleave', () => { vx = vy = 0; });
}
