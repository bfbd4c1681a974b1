// A carrier with customers behind it, for tests that need to act when they like (cancel, hang up while ringing, refuse):
// SIP by sip-party, audio by rtp-party, every byte kept. sipp (sipp-customer.ts) is the carrier that shares no code with us.

import type { Law } from '../../../src/protocol/rtp/g711.ts';
import type { Direction } from '../../../src/protocol/sdp/attributes.ts';
import { createRtpParty, type RtpParty } from '../media/rtp-party.ts';
import {
  cameFrom,
  createUdpParty,
  newBranch,
  newTag,
  type PartyMessage,
  requestText,
  responseText,
  type SipParty,
} from './sip-party.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export interface Customer {
  readonly sip: SipParty;
  readonly rtp: RtpParty;
  /** `refused` with the status; `ended` by whom. */
  state: 'calling' | 'ringing' | 'talking' | 'refused' | 'ended';
  status: number | undefined;
  endedBy: 'us' | 'them' | undefined;
  hears(lastMs?: number): number[];
  digits(digits: string): Promise<void>;
  /** Requests of Engawa inside the dialog, oldest first: a refresh of the session, a BYE. */
  readonly requests: PartyMessage[];
  /**
   * Sends a new offer by re-INVITE or UPDATE, or asks for one (`late`: a re-INVITE without SDP, answered in the ACK).
   * Resolves with the final response once the audio follows it.
   */
  renegotiate(how?: { method?: 'INVITE' | 'UPDATE'; direction?: Direction; late?: true }): Promise<PartyMessage>;
  /** Any request inside the dialog; resolves with its final response. */
  request(method: string, more?: { headers?: string[]; contentType?: string; body?: string }): Promise<PartyMessage>;
  /** CANCEL of the INVITE, be it answered or not; resolves with the response. */
  cancel(): Promise<PartyMessage>;
  /** BYE, or CANCEL before the answer. */
  hangUp(): void;
}

export interface CarrierCall {
  dialled: string;
  from?: string;
  toneHz: number;
  /** PCMU unless told. */
  codecs?: readonly Law[];
  /** False: the customer's telephone has no telephone-event, its keys are tones. */
  events?: boolean;
  /** The INVITE has no SDP; ours goes with the ACK. */
  lateOffer?: boolean;
  headers?: string[];
  /** Offers RTP/SAVP with keys of its own (SDES, RFC 4568). */
  srtp?: boolean;
}

export interface Carrier {
  readonly port: number;
  /** Every byte of SIP this side received, on every socket. */
  bytes(): string;
  /** Tells where Engawa is; before it no call can be made. */
  connect(sip: { host: string; port: number }): void;
  callIn(call: CarrierCall): Promise<Customer>;
  /** What the next customer does who is called: answers with a tone (`after` that has settled), or refuses, or lets it ring. */
  next(
    behaviour:
      | { answer: { toneHz: number; codecs?: readonly Law[]; after?: Promise<unknown> } }
      | { refuse: number }
      | 'ring',
  ): void;
  /** Customers that were called, oldest first, with the INVITE that called them. */
  readonly called: { invite: PartyMessage; customer: Customer }[];
}

export async function createCarrier(t: Teardown): Promise<Carrier> {
  const parties: SipParty[] = [];
  const media: RtpParty[] = [];
  const called: Carrier['called'] = [];
  let sipTarget = { host: '127.0.0.1', port: 9 };
  let behaviour: Parameters<Carrier['next']>[0] = { refuse: 480 };
  t.teardown(() => {
    for (const party of parties) party.close();
    for (const rtp of media) rtp.close();
  });

  async function open(onMessage: (message: PartyMessage, party: SipParty) => void): Promise<SipParty> {
    const party = await createUdpParty(sipTarget);
    parties.push(party);
    const push = party.received.push.bind(party.received);
    party.received.push = (...messages) => {
      const length = push(...messages);
      for (const message of messages) onMessage(message, party);
      return length;
    };
    return party;
  }

  async function newMedia(
    toneHz: number,
    codecs: readonly Law[] = ['PCMU'],
    { events = true, srtp = false } = {},
  ): Promise<RtpParty> {
    const rtp = await createRtpParty({ toneHz, codecs, withoutEvents: !events, srtp });
    media.push(rtp);
    return rtp;
  }

  const trunk = await open((message, party) => {
    party.remote = sipTarget;
    if (message.method === 'OPTIONS') return party.send(responseText(message, 200, { tag: newTag() }));
    if (message.method === 'INVITE' && !message.get('To')?.includes('tag=')) return void onCalled(message, party);
    onInDialog(message, party);
  });

  async function onCalled(invite: PartyMessage, party: SipParty): Promise<void> {
    if (called.some((one) => one.invite.get('Call-ID') === invite.get('Call-ID'))) return;
    const wanted = behaviour;
    const tag = newTag();
    const answers = typeof wanted === 'object' && 'answer' in wanted ? wanted.answer : { toneHz: 0 };
    const rtp = await newMedia(answers.toneHz, answers.codecs);
    const dialog = {
      from: `${invite.get('To')};tag=${tag}`,
      to: invite.get('From')!,
      callId: invite.get('Call-ID')!,
      target: /<([^>]+)>/.exec(invite.get('Contact') ?? '')?.[1] ?? '',
      cseq: 0,
    };
    const customer: Customer = {
      sip: party,
      rtp,
      state: 'ringing',
      status: undefined,
      endedBy: undefined,
      hears: (lastMs) => rtp.hears(lastMs),
      digits: (digits) => rtp.sendDigits(digits),
      hangUp() {
        customer.state = 'ended';
        customer.endedBy = 'us';
        rtp.pause();
        sendInDialog(party, dialog, 'BYE');
      },
      ...inDialog(party, rtp, dialog),
      cancel: () => Promise.reject(new Error('the INVITE was not ours')),
    };
    called.push({ invite, customer });
    const contact = `<sip:customer@${party.host}:${party.port}>`;
    party.send(responseText(invite, 180, { tag, contact }));
    if (wanted === 'ring') return;
    if ('refuse' in wanted) {
      customer.state = 'refused';
      return party.send(responseText(invite, wanted.refuse, { tag }));
    }
    await wanted.answer.after;
    const body = rtp.answer(invite.body);
    rtp.start();
    customer.state = 'talking';
    party.send(responseText(invite, 200, { tag, contact, body }));
  }

  function onInDialog(message: PartyMessage, party: SipParty): void {
    const one = called.find(({ invite }) => invite.get('Call-ID') === message.get('Call-ID'));
    if (!message.method || message.method === 'ACK') return;
    one?.customer.requests.push(message);
    if (one && isOffer(message)) return answerOffer(one.customer, message, party);
    party.send(responseText(message, 200, { tag: newTag() }));
    if (!one) return;
    if (message.method === 'CANCEL') party.send(responseText(one.invite, 487, { tag: newTag() }));
    if (message.method === 'BYE' || message.method === 'CANCEL') {
      one.customer.state = 'ended';
      one.customer.endedBy = 'them';
      one.customer.rtp.pause();
    }
  }

  async function callIn({
    dialled,
    from: number = '09012345678',
    toneHz,
    codecs,
    events = true,
    lateOffer = false,
    headers = [],
    srtp = false,
  }: CarrierCall): Promise<Customer> {
    const rtp = await newMedia(toneHz, codecs, { events, srtp });
    const party = await open((message) => onMessage(message));
    const callId = `${newTag()}${newTag()}@carrier.invalid`;
    const from = `<sip:${number}@carrier.invalid;user=phone>;tag=${newTag()}`;
    const uri = `sip:${dialled}@${sipTarget.host}:${sipTarget.port}`;
    const branch = newBranch();
    const dialog = { from, to: `<${uri}>`, callId, target: uri, cseq: 1 };
    const cancel = () => requestText(party, { method: 'CANCEL', uri, from, to: `<${uri}>`, callId, cseq: 1, branch });
    const customer: Customer = {
      sip: party,
      rtp,
      state: 'calling',
      status: undefined,
      endedBy: undefined,
      hears: (lastMs) => rtp.hears(lastMs),
      digits: (digits) => rtp.sendDigits(digits),
      hangUp() {
        const before = customer.state;
        customer.state = 'ended';
        customer.endedBy = 'us';
        rtp.pause();
        if (before === 'talking') sendInDialog(party, dialog, 'BYE');
        else party.send(cancel());
      },
      ...inDialog(party, rtp, dialog),
      cancel() {
        party.send(cancel());
        return party.next(
          'the response to CANCEL',
          ({ status, get }) => status !== undefined && get('CSeq') === '1 CANCEL',
        );
      },
    };
    let ackBody: string | undefined;

    function onMessage(message: PartyMessage): void {
      const { status } = message;
      if (message.method === 'BYE') {
        customer.state = 'ended';
        customer.endedBy = 'them';
        rtp.pause();
      }
      if (message.method && message.method !== 'ACK') {
        customer.requests.push(message);
        // Another SIP server may have taken up the dialog: its Contact is the new target (RFC 3261 §12.2.2).
        party.remote = cameFrom(message, party.remote);
        dialog.target = /<([^>]+)>/.exec(message.get('Contact') ?? '')?.[1] ?? dialog.target;
        if (isOffer(message)) return answerOffer(customer, message, party);
        return party.send(responseText(message, 200));
      }
      if (!status || status < 180 || message.get('CSeq') !== '1 INVITE') return;
      customer.status = status;
      if (status < 200) return;
      if (status >= 300) {
        customer.state = customer.state === 'ended' ? 'ended' : 'refused';
        const to = message.get('To')!;
        return party.send(requestText(party, { method: 'ACK', uri, from, to, callId, cseq: 1, branch }));
      }
      dialog.to = message.get('To')!;
      dialog.target = /<([^>]+)>/.exec(message.get('Contact') ?? '')?.[1] ?? uri;
      ackBody ??= lateOffer ? rtp.answer(message.body) : '';
      sendInDialog(party, dialog, 'ACK', { cseq: 1, body: ackBody });
      if (customer.state !== 'calling') return;
      customer.state = 'talking';
      if (!lateOffer) rtp.acceptAnswer(message.body);
      rtp.start();
    }

    const asserted = `P-Asserted-Identity: <sip:${number}@carrier.invalid;user=phone>`;
    const body = lateOffer ? {} : { body: rtp.offer() };
    const invite = { method: 'INVITE', uri, from, to: dialog.to, callId, branch, headers: [asserted, ...headers] };
    party.send(requestText(party, { ...invite, ...body }));
    return customer;
  }

  return {
    port: trunk.port,
    bytes: () => parties.map((party) => party.bytes()).join('\n'),
    connect(sip) {
      sipTarget = sip;
    },
    callIn,
    next(wanted) {
      behaviour = wanted;
    },
    called,
  };
}

interface PartyDialog {
  from: string;
  to: string;
  callId: string;
  target: string;
  /** Of the last request of ours. */
  cseq: number;
}

function sendInDialog(
  party: SipParty,
  dialog: PartyDialog,
  method: string,
  more: { cseq?: number; headers?: string[]; contentType?: string; body?: string } = {},
): number {
  const { from, to, callId, target: uri } = dialog;
  if (more.cseq === undefined) dialog.cseq++;
  const cseq = more.cseq ?? dialog.cseq;
  party.send(requestText(party, { method, uri, from, to, callId, cseq, ...more }));
  return cseq;
}

/** What a customer may do inside a dialog, whichever side began it. */
function inDialog(
  party: SipParty,
  rtp: RtpParty,
  dialog: PartyDialog,
): Pick<Customer, 'requests' | 'request' | 'renegotiate'> {
  const final = (cseq: string) =>
    party.next(
      `the response to ${cseq}`,
      ({ status, get }) => (status ?? 0) >= 200 && get('CSeq') === cseq && get('Call-ID') === dialog.callId,
      15_000,
    );
  const request: Customer['request'] = (method, more) =>
    final(`${sendInDialog(party, dialog, method, more)} ${method}`);
  return {
    requests: [],
    request,
    async renegotiate({ method = 'INVITE', direction, late } = {}) {
      const response = await request(method, late ? {} : { body: rtp.offer(direction) });
      const ok = response.status === 200;
      if (ok && !late) rtp.acceptAnswer(response.body);
      const body = ok && late ? rtp.answer(response.body, direction) : '';
      if (method === 'INVITE') sendInDialog(party, dialog, 'ACK', { cseq: dialog.cseq, body });
      return response;
    },
  };
}

const isOffer = ({ method, body }: PartyMessage) => (method === 'INVITE' || method === 'UPDATE') && body !== '';

function answerOffer(customer: Customer, offer: PartyMessage, party: SipParty): void {
  const contact = `<sip:customer@${party.host}:${party.port}>`;
  party.send(responseText(offer, 200, { contact, body: customer.rtp.answer(offer.body) }));
}
