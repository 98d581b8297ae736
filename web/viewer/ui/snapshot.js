// Screenshots: the whole picture as it is on the canvas, pixel for pixel and without any pointer,
// which is drawn beside it.
import { t } from '../../shared/texts.js';
import { dated, save } from '../../shared/ui/save.js';

/** @param {import('./parts.js').App} app */
export function snapshot(app) {
  const { shell, canvas } = app;
  /** @returns {Promise<Blob>} */
  const png = () => new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('no PNG'))), 'image/png');
  });
  const failed = () => shell.notify({ id: 'snapshot', text: t('snapshot.failed'), mood: 'bad' });
  const toFile = async () => {
    try {
      const name = dated(t('snapshot.file'), 'png');
      save(await png(), name);
      shell.notify({ id: 'snapshot', text: t('snapshot.saved', { name }), mood: 'good' });
    } catch {
      failed();
    }
  };
  const toClipboard = async () => {
    try {
      // A promise of the picture, not the picture: Safari lets nobody write after waiting.
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': png() })]);
      shell.notify({ id: 'snapshot', text: t('snapshot.copied'), mood: 'good' });
    } catch {
      failed();
    }
  };
  shell.addEntries('screen', {
    order: 50,
    entries: () => [
      { id: 'snapshot-save', label: t('snapshot.save'), run: toFile },
      // Pages without https, and browsers that copy no pictures, have only the file.
      ...navigator.clipboard && 'write' in navigator.clipboard && typeof ClipboardItem === 'function' ? [{ id: 'snapshot-copy', label: t('snapshot.copy'), run: toClipboard }] : [],
    ],
  });
}
