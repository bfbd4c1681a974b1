// What a connected application asks for, sent to the file that does it.

import type { Application } from '../control/application.ts';
import type { ProxyCommand, SipCommand } from '../control/commands.ts';
import { cancelRequest } from './cancel.ts';
import { requestInDialog } from './in-dialog-request.ts';
import { requestOutsideDialog } from './outgoing-request.ts';
import { respond } from './respond.ts';
import type { Stack } from './stack.ts';

export function obey(stack: Stack, application: Application, command: SipCommand | ProxyCommand): void {
  if (command.kind === 'proxy') {
    stack.proxy.obey(application, command);
    return;
  }
  const { id, transactionId, dialogId, routeUrl, message } = command;
  if (message.kind === 'response') respond(stack, application, { id, transactionId, message });
  else if (message.method === 'CANCEL') cancelRequest(stack, application, { id, transactionId, message });
  else if (dialogId !== '') requestInDialog(stack, application, { id, dialogId, message });
  else requestOutsideDialog(stack, application, { id, routeUrl, message });
}
