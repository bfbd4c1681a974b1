// A server transaction at work: the pure machine of protocol/sip/transaction, its last response, and where that goes
// (RFC 3261 §17.2, §18.2.2, RFC 3581 §4). Does not match messages and does not decide what to answer.

import { tagOf } from '../../../protocol/sip/address.ts';
import { makeResponse } from '../../../protocol/sip/make-response.ts';
import { header, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import { paramValue } from '../../../protocol/sip/params.ts';
import type { ParsedMessage } from '../../../protocol/sip/parse.ts';
import { serialize } from '../../../protocol/sip/serialize.ts';
import {
  type InviteServerInput,
  type InviteServerState,
  newInviteServer,
  type ServerNotify,
  stepInviteServer,
} from '../../../protocol/sip/transaction/invite-server.ts';
import {
  type NonInviteServerInput,
  type NonInviteServerState,
  newNonInviteServer,
  stepNonInviteServer,
} from '../../../protocol/sip/transaction/non-invite-server.ts';
import { asError } from '../../../shared/errors.ts';
import type { Flow, ServerTransaction } from '../layers.ts';
import type { LayerContext, ServerEntry } from './context.ts';
import type { Timed } from './deadlines.ts';
import { acceptedKey } from './matching.ts';

type EndReason = 'done' | 'timeout' | 'transport';

export class ServerTransactionEntry implements ServerEntry, ServerTransaction, Timed {
  readonly id: string;
  readonly request: SipRequest;
  readonly text: string;
  readonly flow: Flow;
  readonly receivedAtMs: number;
  finalStatus: number | undefined;
  ended = false;
  deadlineMs: number | undefined;
  slot: number | undefined;
  private readonly context: LayerContext;
  private readonly parsed: ParsedMessage;
  private invite: InviteServerState | undefined;
  private other: NonInviteServerState | undefined;
  private readonly replyTo: Flow;
  private last: Buffer | undefined;
  private listeners: ((why: EndReason) => void)[] | undefined;
  private told: EndReason | undefined;
  private acceptedAs: string | undefined;

  constructor(
    context: LayerContext,
    key: string,
    parsed: ParsedMessage,
    request: SipRequest,
    text: string,
    flow: Flow,
  ) {
    this.context = context;
    this.id = key;
    this.parsed = parsed;
    this.request = request;
    this.text = text;
    this.flow = flow;
    this.receivedAtMs = context.clock.now();
    this.replyTo = responseFlow(parsed, flow);
    const options = { timers: context.timers, reliable: flow.protocol !== 'udp' };
    if (request.method === 'INVITE') this.invite = newInviteServer(options);
    else this.other = newNonInviteServer(options);
  }

  get transaction(): ServerTransaction {
    return this;
  }

  get accepted(): boolean {
    return this.invite?.phase === 'accepted';
  }

  /** Some response has gone out. */
  get responded(): boolean {
    return this.last !== undefined;
  }

  respond(response: SipResponse, options?: { once?: boolean; text?: string }): void {
    this.run({ kind: 'respond', status: response.status, once: options?.once }, response, options?.text);
  }

  onEnd(listener: (why: EndReason) => void): void {
    const { told } = this;
    if (told !== undefined) {
      this.context.guard(() => listener(told));
      return;
    }
    this.listeners ??= [];
    this.listeners.push(listener);
  }

  input(input: { kind: 'start' | 'retransmission' | 'ack' | 'ack-2xx' | 'transport-failed' }): void {
    this.run(input);
  }

  onDeadline(): void {
    this.run({ kind: 'timer' });
  }

  private run(input: InviteServerInput, response?: SipResponse, text?: string): void {
    const now = this.context.clock.now();
    if (this.invite) {
      const step = stepInviteServer(this.invite, input, now);
      this.invite = step.state;
      this.apply(step.send, step.notify, step.deadlineMs, response, text);
    } else if (this.other) {
      const step = stepNonInviteServer(this.other, input as NonInviteServerInput, now);
      this.other = step.state;
      this.apply(step.send, step.notify, step.deadlineMs, response, text);
    }
  }

  private apply(
    send: readonly ('new' | 'last' | 'trying')[],
    notify: readonly ServerNotify[],
    deadlineMs: number | undefined,
    response: SipResponse | undefined,
    text: string | undefined,
  ): void {
    this.context.deadlines.set(this, deadlineMs);
    let sent = true;
    for (const which of send) {
      if (which === 'new' && response) this.remember(response, text);
      else if (which === 'trying') this.last = serialize(makeResponse(this.request, { status: 100 }));
      else this.context.counters.count('retransmitted-response');
      sent = this.sendLast();
    }
    if (sent) this.notify(notify);
    else void this.sendAnew(notify);
  }

  private notify(notify: readonly ServerNotify[]): void {
    for (const what of notify) {
      if (what === 'terminated') this.finish();
      else this.tell(what);
    }
  }

  private remember(response: SipResponse, text: string | undefined): void {
    this.last = text === undefined ? serialize(response) : Buffer.from(text);
    if (response.status < 200) return;
    this.finalStatus ??= response.status;
    if (!this.invite || response.status >= 300 || this.acceptedAs !== undefined) return;
    const to = header(response, 'to');
    this.acceptedAs = acceptedKey(
      this.parsed.callId,
      this.parsed.cseq.number,
      to === undefined ? undefined : tagOf(to),
    );
    this.context.accepted.set(this.acceptedAs, this);
  }

  private sendLast(): boolean {
    const { last, context } = this;
    if (!last) return true;
    context.counters.count('sent-response');
    const lost = () => this.run({ kind: 'transport-failed' });
    return context.transport.send(last, this.replyTo, lost);
  }

  /** The connection is gone: RFC 3261 §18.2.2 has a new one opened to where the Via says. `then` is told when that went well. */
  private async sendAnew(then: readonly ServerNotify[]): Promise<void> {
    const { context, flow, parsed, last } = this;
    const { protocol, address } = flow;
    try {
      if (!last || (protocol !== 'tcp' && protocol !== 'tls')) throw new Error('there is no way back');
      const port = parsed.via.port ?? (protocol === 'tls' ? 5061 : 5060);
      const opened = await context.transport.connect({ protocol, address, port });
      if (!context.transport.send(last, opened)) throw new Error('the new connection is gone too');
      this.notify(then);
    } catch (error) {
      context.counters.count('response-not-sent');
      context.log.debug({ err: asError(error), protocol }, 'a response could not be sent');
      this.tell('transport');
      this.run({ kind: 'transport-failed' });
      this.finish();
    }
  }

  private tell(why: EndReason): void {
    if (this.told !== undefined) return;
    this.told = why;
    for (const listener of this.listeners ?? []) this.context.guard(() => listener(why));
    this.listeners = undefined;
  }

  private finish(): void {
    this.ended = true;
    const { servers, accepted } = this.context;
    if (servers.get(this.id) === this) servers.delete(this.id);
    if (this.acceptedAs !== undefined && accepted.get(this.acceptedAs) === this) accepted.delete(this.acceptedAs);
    this.tell('done');
  }
}

/**
 * Where responses go: back over the connection, or to the source port when rport asked for it, else to the Via's port.
 * Always to the source address: maddr, which would let anybody point our answers at anybody, is not followed.
 */
export function responseFlow({ via }: Pick<ParsedMessage, 'via'>, flow: Flow): Flow {
  if (flow.protocol !== 'udp') return flow;
  if (paramValue(via.params, 'rport') !== undefined) return flow;
  const port = via.port ?? 5060;
  return port === flow.port ? flow : { ...flow, port };
}
