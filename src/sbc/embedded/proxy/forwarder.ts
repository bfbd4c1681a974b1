// The proxy side of the server, as the dialog side calls it.

import type { Forwarder, Stack } from '../dialog/stack.ts';
import { markOf } from './forwarding.ts';
import { cancelForwarded, forwardAck, forwardInDialog, isOfProxiedDialog } from './in-dialog.ts';
import { proxyForApplication, startProxy } from './proxy.ts';

/** `stack` is asked when it is needed: the forwarder is one of its parts. */
export function createForwarder(stack: () => Stack, secret: string): Forwarder {
  const mark = (callId: string) => markOf(secret, callId);
  return {
    start: (incoming, request) => startProxy(stack(), incoming, { ...request, mark }),
    obey: (application, command) => proxyForApplication(stack(), application, command, mark),
    inDialog: (transaction) => forwardInDialog(stack(), transaction, mark),
    isInDialog: (request) => isOfProxiedDialog(stack(), request, mark),
    ack: (ack) => forwardAck(stack(), ack, mark),
    cancel: cancelForwarded,
  };
}
