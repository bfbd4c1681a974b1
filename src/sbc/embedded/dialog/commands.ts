// What a connected application asks for, sent to the file that does it.

import type { Application } from '../control/application.ts';
import type { ProxyCommand, SipCommand } from '../control/commands.ts';
import { cancelRequest } from './cancel.ts';
import { requestInDialog } from './in-dialog-request.ts';
import { requestOutsideDialog } from './outgoing-request.ts';
import { respond } from './respond.ts';
import type { Stack } from './stack.ts';

/** Starts proxying (proxy/proxy.ts); passed in, since dialogs know nothing of it. */
export type StartProxy = (stack: Stack, application: Application, command: ProxyCommand) => void;

export function obey(
  stack: Stack,
  application: Application,
  command: SipCommand | ProxyCommand,
  startProxy: StartProxy,
): void {
  if (command.kind === 'proxy') {
    startProxy(stack, application, command);
    return;
  }
  const { id, transactionId, dialogId, routeUrl, message } = command;
  if (message.kind === 'response') respond(stack, application, { id, transactionId, message });
  else if (message.method === 'CANCEL') cancelRequest(stack, application, { id, transactionId, message });
  else if (dialogId !== '') requestInDialog(stack, application, { id, dialogId, message });
  else requestOutsideDialog(stack, application, { id, routeUrl, message });
}
