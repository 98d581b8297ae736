// Pointing at places of a screen that cannot be controlled: while the mouse button is pressed on
// the picture, or all the time if the person wants that. The guest's page shows where; a dot here
// shows that it does.
import { t } from '../../shared/texts.js';
import { encodePoint } from '../../shared/wire.js';
import { toPicture } from '../pointer.js';
import { Pointing } from '../pointing.js';
import { element } from '../../shared/ui/element.js';

/**
 * @param {import('./parts.js').App} app
 * @param {(body: Uint8Array<ArrayBuffer>) => void} send
 */
export function point(app, send) {
  const { shell, canvas, painter, viewport } = app;
  const dot = element('laser', HTMLElement);
  let always = false; // not only while a button is pressed
  /** @type {number | null} the pointer that points */
  let by = null;
  const pointing = new Pointing((at) => {
    const size = painter.size;
    if (size) send(encodePoint(at && { layout: size.layout, ...at }));
  }, { setTimeout: (f, ms) => window.setTimeout(f, ms), clearTimeout: (id) => window.clearTimeout(id), now: () => performance.now() });
  const draw = () => {
    const { at } = pointing;
    dot.hidden = at === null;
    if (at) dot.style.transform = `translate(${(at.x + 0.5) * viewport.scale}px, ${(at.y + 0.5) * viewport.scale}px)`;
  };
  /** @param {PointerEvent} e */
  const to = (e) => {
    const size = painter.size;
    if (size) pointing.to(toPicture(e.clientX, e.clientY, canvas.getBoundingClientRect(), size.width, size.height));
    draw();
  };
  const end = () => {
    by = null;
    pointing.end();
    draw();
  };
  // A press on a picture that is larger than its room drags it about (zoom.js), unless one points all the time.
  const mayPress = () => app.page.points && (always || !viewport.overflows);
  viewport.stage.addEventListener('pointerdown', (e) => {
    if (!mayPress() || !e.isPrimary || e.button !== 0 || e.target !== canvas || (e.pointerType === 'touch' && !always)) return;
    e.stopPropagation();
    e.preventDefault();
    by = e.pointerId;
    canvas.setPointerCapture(e.pointerId);
    to(e);
  }, { capture: true });
  canvas.addEventListener('pointermove', (e) => {
    if (app.page.points && (by === e.pointerId || (always && e.pointerType !== 'touch'))) to(e);
  });
  for (const type of /** @type {const} */ (['pointerup', 'pointercancel', 'lostpointercapture'])) {
    canvas.addEventListener(type, (event) => {
      if (by !== /** @type {PointerEvent} */ (event).pointerId) return;
      by = null;
      if (!always || /** @type {PointerEvent} */ (event).pointerType === 'touch') end();
    });
  }
  canvas.addEventListener('pointerleave', () => { if (by === null) end(); });
  window.addEventListener('blur', end);
  window.addEventListener('pagehide', end);
  app.on('page', ({ page }) => {
    document.documentElement.dataset.points = page.points ? (always ? 'always' : 'yes') : 'no';
    if (!page.points) end();
  });
  app.on('frame', draw); // of another size, it may be
  shell.addTool({
    id: 'point',
    order: 10,
    look: () => (app.page.points ? { label: t('point.label'), icon: 'mouse', wide: true, pressed: always } : null),
    run: () => {
      always = !always;
      document.documentElement.dataset.points = always ? 'always' : 'yes';
      if (!always) end();
      shell.notify({ id: 'point', text: t(always ? 'point.on' : 'point.off') });
    },
  });
}
