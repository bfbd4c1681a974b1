// One client transaction of RFC 3261 §17.1 at work: a pure machine, the request as sent on one flow, and its ACK.
// What the transaction user sees is client.ts, which may make several attempts.

import { makeAck } from '../../../protocol/sip/make-request.ts';
import type { SipRequest, SipResponse } from '../../../protocol/sip/message.ts';
import type { ParsedMessage } from '../../../protocol/sip/parse.ts';
import { serialize } from '../../../protocol/sip/serialize.ts';
import {
  type ClientNotify,
  type InviteClientInput,
  type InviteClientState,
  newInviteClient,
  stepInviteClient,
} from '../../../protocol/sip/transaction/invite-client.ts';
import {
  type NonInviteClientInput,
  type NonInviteClientState,
  newNonInviteClient,
  stepNonInviteClient,
} from '../../../protocol/sip/transaction/non-invite-client.ts';
import type { Flow } from '../layers.ts';
import type { ClientEntry, LayerContext } from './context.ts';
import type { Timed } from './deadlines.ts';

export interface AttemptEvents {
  response(response: SipResponse, text: string, flow: Flow): void;
  failed(why: 'timeout' | 'transport'): void;
}

export class ClientAttempt implements ClientEntry, Timed {
  readonly request: SipRequest;
  readonly flow: Flow;
  deadlineMs: number | undefined;
  slot: number | undefined;
  private readonly context: LayerContext;
  private readonly key: string;
  private readonly bytes: Buffer;
  private readonly events: AttemptEvents;
  private invite: InviteClientState | undefined;
  private other: NonInviteClientState | undefined;
  private ack: Buffer | undefined;
  private sentBefore = false;

  constructor(
    context: LayerContext,
    key: string,
    request: SipRequest,
    bytes: Buffer,
    flow: Flow,
    events: AttemptEvents,
  ) {
    this.context = context;
    this.key = key;
    this.request = request;
    this.bytes = bytes;
    this.flow = flow;
    this.events = events;
    const options = { timers: context.timers, reliable: flow.protocol !== 'udp' };
    if (request.method === 'INVITE') this.invite = newInviteClient(options);
    else this.other = newNonInviteClient(options);
    context.clients.set(key, this);
  }

  /** An INVITE that had a provisional response and no final one: may be cancelled now. */
  get proceeding(): boolean {
    return this.invite?.phase === 'proceeding';
  }

  start(): void {
    this.run({ kind: 'start' });
  }

  cancelled(): void {
    this.run({ kind: 'cancelled' });
  }

  fail(): void {
    this.run({ kind: 'transport-failed' });
  }

  receive(response: SipResponse, parsed: ParsedMessage, flow: Flow): void {
    this.run({ kind: 'response', status: response.status }, { response, text: parsed.text, flow });
  }

  onDeadline(): void {
    this.run({ kind: 'timer' });
  }

  private run(input: InviteClientInput, came?: { response: SipResponse; text: string; flow: Flow }): void {
    const now = this.context.clock.now();
    if (this.invite) {
      const step = stepInviteClient(this.invite, input, now);
      this.invite = step.state;
      this.apply(step.send, step.notify, step.deadlineMs, came);
    } else if (this.other) {
      const step = stepNonInviteClient(this.other, input as NonInviteClientInput, now);
      this.other = step.state;
      this.apply(step.send, step.notify, step.deadlineMs, came);
    }
  }

  private apply(
    send: readonly ('request' | 'ack')[],
    notify: readonly ClientNotify[],
    deadlineMs: number | undefined,
    came: { response: SipResponse; text: string; flow: Flow } | undefined,
  ): void {
    this.context.deadlines.set(this, deadlineMs);
    // The response is told after its ACK has gone out, and a failed send after this step is complete.
    let lost = false;
    for (const which of send) {
      if (which === 'ack' && came) this.ack ??= serialize(makeAck(this.request, came.response));
      lost = !this.transmit(which === 'ack' ? this.ack : this.bytes) || lost;
    }
    for (const what of notify) {
      if (what === 'terminated') this.finish();
      else if (what === 'response') came && this.events.response(came.response, came.text, came.flow);
      else this.events.failed(what);
    }
    if (lost) this.fail();
  }

  private transmit(bytes: Buffer | undefined): boolean {
    if (!bytes) return true;
    const { counters, transport } = this.context;
    counters.count(this.sentBefore ? 'retransmitted-request' : 'sent-request');
    this.sentBefore = true;
    return transport.send(bytes, this.flow, () => this.fail());
  }

  private finish(): void {
    const { clients } = this.context;
    if (clients.get(this.key) === this) clients.delete(this.key);
  }
}
