// A client transaction as the transaction user sees it: finds the way (RFC 3263), puts our Via on top, tries the next
// address when one fails or answers 503 (RFC 3263 §4.3), and cancels (RFC 3261 §9.1).

import { makeCancel } from '../../../protocol/sip/make-request.ts';
import { header, type SipHeader, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import { serializeHead, withBody } from '../../../protocol/sip/serialize.ts';
import { newBranch } from '../../../protocol/sip/tokens.ts';
import { formatHostPort } from '../../../protocol/sip/uri.ts';
import { asError } from '../../../shared/errors.ts';
import type { ClientTransaction, ClientTransactionHandlers, Flow, Target } from '../layers.ts';
import type { Destination } from '../transport/transport.ts';
import { ClientAttempt } from './client-attempt.ts';
import type { LayerContext } from './context.ts';
import { clientKey } from './matching.ts';

export class ClientRequest implements ClientTransaction {
  readonly id: string;
  request: SipRequest;
  flow: Flow | undefined;
  private readonly context: LayerContext;
  private readonly original: SipRequest;
  private readonly handlers: ClientTransactionHandlers;
  private attempt: ClientAttempt | undefined;
  private branch: string;
  private untried: Destination[] = [];
  private cancelWith: readonly SipHeader[] | undefined;
  private cancelSent = false;
  private over = false;

  constructor(context: LayerContext, request: SipRequest, handlers: ClientTransactionHandlers) {
    this.context = context;
    this.original = request;
    this.request = request;
    this.handlers = handlers;
    this.branch = newBranch(context.random);
    this.id = this.branch;
  }

  /** Begins after the caller has the transaction in hand, so that no handler runs before. */
  start(target: Target): void {
    const known = target.connectionId === undefined ? undefined : this.context.transport.flowOf(target.connectionId);
    if (known) {
      queueMicrotask(() => this.send(known));
      return;
    }
    const found = this.context.resolver.resolve(target);
    if (Array.isArray(found)) queueMicrotask(() => this.begin(found));
    else found.then((list) => this.begin(list)).catch((error: unknown) => this.broke(error));
  }

  cancel(extraHeaders: SipHeader[] = []): void {
    if (this.original.method !== 'INVITE' || this.over || this.cancelWith) return;
    this.cancelWith = extraHeaders;
    this.cancelIfPossible();
  }

  private begin(destinations: Destination[]): void {
    this.untried = destinations;
    if (destinations.length === 0) this.fail('dns');
    else this.next();
  }

  private next(): void {
    const destination = this.untried.shift();
    if (!destination) return this.fail('transport');
    try {
      const flow = this.context.transport.connect(destination);
      if (!(flow instanceof Promise)) return this.send(flow);
      flow.then((opened) => this.send(opened)).catch((error: unknown) => this.broke(error));
    } catch (error) {
      this.broke(error);
    }
  }

  private broke(error: unknown): void {
    this.context.log.debug({ err: asError(error) }, 'a request could not be sent');
    if (this.untried.length > 0) this.next();
    else this.fail('transport');
  }

  private send(flow: Flow): void {
    const { context, handlers } = this;
    if (this.attempt) this.branch = newBranch(context.random);
    this.flow = flow;
    this.request = withVia(this.original, context, flow, this.branch);
    if (handlers.prepare) context.guard(() => handlers.prepare?.(this.request, flow));
    const head = serializeHead(this.request);
    const { body } = this.request;
    const attempt = new ClientAttempt(
      context,
      clientKey(this.branch, this.request.method),
      this.request,
      withBody(head, body),
      flow,
      {
        response: (response, text, cameOn) => this.received(attempt, response, text, cameOn),
        failed: (why) => this.attemptFailed(attempt, why),
      },
    );
    this.attempt = attempt;
    const text = body.length === 0 ? head : head + body.toString('utf8');
    if (handlers.sent) context.guard(() => handlers.sent?.(this.request, text, flow));
    attempt.start();
  }

  private received(attempt: ClientAttempt, response: SipResponse, text: string, flow: Flow): void {
    if (attempt !== this.attempt) return;
    const { status } = response;
    if (status === 503 && this.untried.length > 0 && !this.cancelWith) return this.next();
    if (status >= 200) this.over = true;
    else this.cancelIfPossible();
    if (status !== 100) this.context.guard(() => this.handlers.response(response, text, flow));
  }

  private attemptFailed(attempt: ClientAttempt, why: 'timeout' | 'transport'): void {
    if (attempt !== this.attempt) return;
    if (this.untried.length > 0 && !this.cancelWith) this.next();
    else this.fail(why);
  }

  private fail(why: 'timeout' | 'dns' | 'transport'): void {
    if (this.over) return;
    this.over = true;
    this.context.guard(() => this.handlers.failed(why));
  }

  private cancelIfPossible(): void {
    const { attempt, cancelWith, context } = this;
    if (!attempt || !cancelWith || this.cancelSent || !attempt.proceeding) return;
    this.cancelSent = true;
    const cancel = makeCancel(attempt.request, cancelWith);
    const ignore = { response: () => {}, failed: () => {} };
    const bytes = withBody(serializeHead(cancel), cancel.body);
    new ClientAttempt(context, clientKey(this.branch, 'CANCEL'), cancel, bytes, attempt.flow, ignore).start();
    attempt.cancelled();
  }
}

/** A copy with our Via on top, and Max-Forwards when the transaction user gave none. */
export function withVia(request: SipRequest, context: LayerContext, flow: Flow, branch: string): SipRequest {
  const { host, port } = context.transport.sentBy(flow);
  const value = `SIP/2.0/${flow.protocol.toUpperCase()} ${formatHostPort(host, port)};rport;branch=${branch}`;
  const headers: SipHeader[] = [{ name: 'Via', value }];
  if (header(request, 'max-forwards') === undefined) headers.push({ name: 'Max-Forwards', value: '70' });
  headers.push(...request.headers);
  return { ...request, headers };
}
