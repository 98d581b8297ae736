// Stop, while the guest's own program shares in the page's place: the page takes its place back, ends
// what everybody may see, and leaves. The program's connection ends with the first of these, and it does
// not come back by itself. Pure but for what Link is given.
import { Link } from '../shared/transport.js';
import { encodeControl, Kind, message, parseControl, parseHeader, WireError } from '../shared/wire.js';

/**
 * @param {object} of
 * @param {string} of.pin
 * @param {string} of.name of the guest
 * @param {string} of.resume of this tab; without one it is another computer, which may stop all the same
 * @param {import('../shared/transport.js').Browser} [env]
 * @returns {Promise<{resume: string, code: number | string}>} the newest resume secret, and why it did not
 *   come to that (a code of LinkState); '' if nobody sees anything any more. It goes on trying while there is no network
 */
export function takeBack({ pin, name, resume }, env) {
  return new Promise((done) => {
    const link = new Link({
      role: 'presenter',
      pin,
      name: () => name,
      resume: () => resume,
      onState: (state) => {
        if (state.phase === 'over') done({ resume, code: state.code });
      },
      onMessage: (msg) => {
        try {
          const { header, body } = parseHeader(msg);
          if (header.kind === Kind.Control) take(parseControl(body));
        } catch (err) {
          if (!(err instanceof WireError)) throw err;
        }
      },
    }, env);
    /** @param {import('../shared/wire.js').Control} c */
    const take = (c) => {
      if (c.type === 'welcome') resume = c.resume || resume;
      if (c.type !== 'state') return;
      const tell = (/** @type {import('../shared/wire.js').Control} */ said) => link.send(message({ kind: Kind.Control, epoch: c.epoch ?? 0 }, encodeControl(said)));
      tell({ type: 'shares', view_only: true });
      for (const { viewer, view } of c.viewers ?? []) if (view) tell({ type: 'grant', viewer, view: false });
      tell({ type: 'bye' });
      link.stop();
      done({ resume, code: '' });
    };
    link.start();
  });
}
