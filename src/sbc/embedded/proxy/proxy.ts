// Proxying for an application (drachtio control protocol, `proxy`; RFC 3261 §16): one run per request, one branch per target,
// one after the other or all at once. Redirections are followed if asked, 401 and 407 end the search, 2xx wins and cancels
// the rest. The application hears each branch's final response and then `done`.

import { parseAddressList } from '../../../protocol/sip/address.ts';
import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { headerLines, type SipResponse } from '../../../protocol/sip/message.ts';
import { serializeText } from '../../../protocol/sip/serialize.ts';
import { parseSipUri } from '../../../protocol/sip/uri.ts';
import type { Timer } from '../../../shared/clock.ts';
import type { Application } from '../control/application.ts';
import type { ProxyCommand } from '../control/commands.ts';
import { farEnd, proxyProgressDetail } from '../control/envelopes.ts';
import { targetOfUri } from '../dialog/addresses.ts';
import { wireHeaders } from '../dialog/app-headers.ts';
import { finishIncoming, sendFinal } from '../dialog/final-response.ts';
import type { IncomingRequest } from '../dialog/records.ts';
import type { ProxyRequest, Stack } from '../dialog/stack.ts';
import type { ClientTransaction, Flow } from '../layers.ts';
import { better, forwardedRequest, forwardedResponse, recordRoute } from './forwarding.ts';

/** RFC 3261's timer C: no final response for this long after the last provisional one. */
const timerCMs = 185_000;

interface Branch {
  uri: string;
  transaction: ClientTransaction | undefined;
  over: boolean;
  provisionalTimer: Timer | undefined;
  finalTimer: Timer | undefined;
}

interface ProxyOptions extends ProxyRequest {
  /** Makes the mark that lets later requests of the dialog through. */
  mark: (callId: string) => string;
  /** Each branch's final response, and the end. Absent when no application waits. */
  progress?: (response: SipResponse, text: string, flow: Flow | undefined) => void;
  done?: () => void;
  refused?: (because: string) => void;
}

/** The command of an application. */
export function proxyForApplication(
  stack: Stack,
  application: Application,
  command: ProxyCommand,
  mark: (callId: string) => string,
): void {
  const incoming = stack.incoming.get(command.transactionId);
  const free = incoming && incoming.application === application && !incoming.proxying && !incoming.dialog;
  if (!incoming || !free) {
    application.reply(command.id, 'NOK', `Unknown transaction id: ${command.transactionId}`);
    return;
  }
  startProxy(stack, incoming, {
    ...command,
    mark,
    progress(_response, text, flow) {
      if (!command.fullResponse) return;
      const meta = farEnd('network', text, flow, stack.clock.now());
      application.reply(command.id, 'OK', proxyProgressDetail(meta, text));
    },
    done: () => application.reply(command.id, 'OK', 'done'),
    refused: (because) => application.reply(command.id, 'NOK', because),
  });
}

export function startProxy(stack: Stack, incoming: IncomingRequest, options: ProxyOptions): void {
  const { transaction } = incoming;
  const { request } = transaction;
  const waiting = [...options.destinations];
  const branches = new Set<Branch>();
  const tried = new Set<string>();
  let best: SipResponse | undefined;
  let stopped = false;
  let answered = false;

  const { flow } = transaction;
  const stayIn = options.remainInDialog
    ? recordRoute(stack.addresses.hostPort(flow, flow.address), flow.protocol, options.mark(incoming.callId))
    : undefined;

  function startNext(): void {
    while (!stopped && waiting.length > 0) {
      const launched = launch(waiting.shift()!);
      if (launched && !options.simultaneous) return;
    }
    if (![...branches].some((branch) => !branch.over)) conclude();
  }

  function launch(destination: string): boolean {
    const target = targetOfUri(destination);
    const uri = parseSipUri(destination);
    if (!target || !uri || tried.has(destination) || stack.addresses.isOurs(uri)) return false;
    const connection = stack.contacts.find(destination);
    if (connection) {
      Object.assign(target, { protocol: connection.protocol, host: connection.address, port: connection.port });
      target.connectionId = connection.connectionId;
    } else {
      const transport = stack.addresses.transportFor(target);
      if (!transport) return false;
      target.protocol ??= transport.protocol;
    }
    const local = parseSipUri(request.uri);
    const extra = wireHeaders(options.headers, stack.addresses.hostPort(flow, target.host));
    // The request URI is replaced only if it named us: elsewhere the destination is just the next hop.
    const requestUri = local && !stack.addresses.isOurs(local) ? request.uri : destination;
    const forwarded = forwardedRequest(request, { uri: requestUri, extra, stayIn });
    if (!forwarded) return false;
    tried.add(destination);
    const branch: Branch = {
      uri: destination,
      transaction: undefined,
      over: false,
      provisionalTimer: undefined,
      finalTimer: undefined,
    };
    branches.add(branch);
    armTimers(branch);
    branch.transaction = stack.layer.request(forwarded, target, {
      response: (response, text, cameOn) => receive(branch, response, text, cameOn),
      failed: (why) => failed(branch, why === 'timeout' ? 408 : 503),
    });
    stack.count(`proxied.${request.method}`);
    return true;
  }

  function armTimers(branch: Branch): void {
    const { provisionalTimeoutMs, finalTimeoutMs } = options;
    if (provisionalTimeoutMs) branch.provisionalTimer = stack.clock.after(provisionalTimeoutMs, () => give(branch));
    const finalMs = finalTimeoutMs ?? (request.method === 'INVITE' ? timerCMs : undefined);
    if (finalMs) branch.finalTimer = stack.clock.after(finalMs, () => give(branch));
  }

  /** This one took too long: it is cancelled, and counts as a time-out. */
  function give(branch: Branch): void {
    if (branch.over) return;
    branch.transaction?.cancel();
    failed(branch, 408);
  }

  function end(branch: Branch): void {
    branch.over = true;
    branch.provisionalTimer?.cancel();
    branch.finalTimer?.cancel();
  }

  function failed(branch: Branch, status: number): void {
    if (branch.over) return;
    end(branch);
    best = better(best, makeResponse(request, { status, toTag: stack.newTag() }));
    startNext();
  }

  function receive(branch: Branch, response: SipResponse, text: string, cameOn: Flow): void {
    const { status } = response;
    const passed = forwardedResponse(response);
    if (status < 200) {
      branch.provisionalTimer?.cancel();
      if (!answered && !branch.over) transaction.respond(passed);
      return;
    }
    if (status < 300) {
      receiveSuccess(branch, passed, text, cameOn);
      return;
    }
    if (branch.over) return;
    end(branch);
    options.progress?.(response, text, cameOn);
    if (status < 400 && options.followRedirects && redirect(response)) {
      startNext();
      return;
    }
    best = better(best, passed);
    if (status === 401 || status === 407 || status >= 600) {
      waiting.length = 0;
      cancelOthers(branch);
    }
    startNext();
  }

  function redirect(response: SipResponse): boolean {
    const contacts = headerLines(response, 'contact').flatMap((line) => parseAddressList(line) ?? []);
    waiting.unshift(...contacts.map(({ uri }) => uri));
    return contacts.length > 0;
  }

  function receiveSuccess(branch: Branch, passed: SipResponse, text: string, cameOn: Flow): void {
    // Every 2xx goes to the caller, retransmissions and further forks included (RFC 3261 §16.7, step 5).
    transaction.respond(passed, { once: true });
    if (branch.over) return;
    end(branch);
    options.progress?.(passed, text, cameOn);
    if (answered) return;
    answered = true;
    waiting.length = 0;
    cancelOthers(branch);
    if (incoming.method === 'REGISTER') stack.contacts.learn(request, passed, flow);
    finish(passed.status);
  }

  function cancelOthers(branch: Branch): void {
    for (const other of branches) if (other !== branch && !other.over) other.transaction?.cancel();
  }

  function conclude(): void {
    if (answered || incoming.finalStatus !== undefined) return;
    if (!best && branches.size === 0) {
      refuseAll();
      return;
    }
    const response = best ?? makeResponse(request, { status: 480, toTag: stack.newTag() });
    answered = true;
    transaction.respond(
      response.status === 503 ? { ...response, status: 500, reason: 'Server Internal Error' } : response,
    );
    finish(response.status);
  }

  /** No branch could be started. */
  function refuseAll(): void {
    const hops = forwardedRequest(request, { uri: request.uri, extra: [], stayIn: undefined });
    answered = true;
    sendFinal(stack, incoming, hops ? 500 : 483);
    options.refused?.(`error proxying request to ${options.destinations.join(',')}`);
  }

  function finish(status: number): void {
    finishIncoming(stack, incoming, status);
    const text = serializeText(makeResponse(request, { status }));
    const now = stack.clock.now();
    if (request.method === 'INVITE') {
      if (status < 300) stack.cdr.start('network', text, now, 'proxy-uas');
      else stack.cdr.stop('network', text, now, status === 487 ? 'call-canceled' : 'call-rejected');
    }
    options.done?.();
  }

  incoming.giveUp?.cancel();
  incoming.proxying = {
    cancel() {
      stopped = true;
      waiting.length = 0;
      best = undefined;
      for (const branch of branches) if (!branch.over) branch.transaction?.cancel();
      if (![...branches].some((branch) => !branch.over)) conclude();
    },
  };
  startNext();
}
