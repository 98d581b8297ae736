// The Chat tab.
import { html } from '../../shared/html.js';
import { t } from '../../shared/texts.js';
import { ChatView, Talk } from '../../shared/ui/chat.js';
import { joined } from './people.js';

/** @typedef {import('./parts.js').App} App */

/** @param {App} app */
export function chat(app) {
  const talk = new Talk(app);
  app.shell.addTab({
    id: 'chat',
    order: 20,
    icon: 'chat',
    label: () => t('chat.label'),
    badge: () => talk.chat.unread,
    available: () => joined(app.page) || talk.chat.lines.length > 0,
    view: () => html`<${ChatView} talk=${talk} lines=${talk.chat.lines} />`,
    onOpen: (open) => talk.setOpen(open),
  });
  return talk;
}
