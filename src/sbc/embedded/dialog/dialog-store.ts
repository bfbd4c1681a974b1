// Where dialogs are kept and found: by the id the application uses, and by Call-ID and our tag, as messages from the
// network name them (RFC 3261 §12.2.2). Every timer of a dialog stops when it is removed.

import type { Application } from '../control/application.ts';
import type { Dialog } from './records.ts';

export interface DialogStore {
  add(dialog: Dialog): void;
  byId(id: string): Dialog | undefined;
  /** The dialog of a message from the network. `remoteTag` must fit, unless the dialog does not know its far end yet. */
  find(callId: string, localTag: string, remoteTag: string | undefined): Dialog | undefined;
  remove(dialog: Dialog): void;
  of(application: Application): Dialog[];
  readonly size: number;
  all(): Iterable<Dialog>;
}

export function createDialogStore(): DialogStore {
  const ids = new Map<string, Dialog>();
  const tags = new Map<string, Dialog>();
  const key = (callId: string, localTag: string) => `${localTag} ${callId}`;

  function fits(dialog: Dialog, remoteTag: string): boolean {
    if (dialog.state === 'confirmed' || dialog.role === 'uas') return (dialog.far?.tag ?? '') === remoteTag;
    return !dialog.forks || dialog.forks.has(remoteTag);
  }

  return {
    add(dialog) {
      ids.set(dialog.id, dialog);
      tags.set(key(dialog.callId, dialog.localTag), dialog);
    },
    byId: (id) => ids.get(id),
    find(callId, localTag, remoteTag) {
      const dialog = tags.get(key(callId, localTag));
      return dialog && fits(dialog, remoteTag ?? '') ? dialog : undefined;
    },
    remove(dialog) {
      dialog.state = 'terminated';
      dialog.unacknowledged = undefined;
      dialog.sessionTimer?.timer.cancel();
      dialog.sessionTimer = undefined;
      dialog.reaper?.cancel();
      dialog.afterAck = undefined;
      if (ids.get(dialog.id) === dialog) ids.delete(dialog.id);
      const tagKey = key(dialog.callId, dialog.localTag);
      if (tags.get(tagKey) === dialog) tags.delete(tagKey);
    },
    of: (application) => [...ids.values()].filter((dialog) => dialog.application === application),
    get size() {
      return ids.size;
    },
    all: () => ids.values(),
  };
}
