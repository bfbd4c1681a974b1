// A carrier with customers behind it, for tests that need to act when they like (cancel, hang up while ringing, refuse):
// SIP by sip-party, audio by rtp-party, every byte kept. sipp (sipp-customer.ts) is the carrier that shares no code with us.

import { createRtpParty, type RtpParty } from './rtp-party.ts';
import {
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
  /** BYE, or CANCEL before the answer. */
  hangUp(): void;
}

export interface Carrier {
  readonly port: number;
  /** Every byte of SIP this side received, on every socket. */
  bytes(): string;
  /** Tells where Engawa is; before it no call can be made. */
  connect(sip: { host: string; port: number }): void;
  callIn(call: { dialled: string; from?: string; toneHz: number }): Promise<Customer>;
  /** What the next customer does who is called: answers with a tone, or refuses, or lets it ring. */
  next(behaviour: { answer: { toneHz: number } } | { refuse: number } | 'ring'): void;
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

  async function newMedia(toneHz: number): Promise<RtpParty> {
    const rtp = await createRtpParty({ toneHz, codecs: ['PCMU'] });
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
    const toneHz = typeof wanted === 'object' && 'answer' in wanted ? wanted.answer.toneHz : 0;
    const rtp = await newMedia(toneHz);
    const target = /<([^>]+)>/.exec(invite.get('Contact') ?? '')?.[1] ?? '';
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
        const from = `${invite.get('To')};tag=${tag}`;
        const callId = invite.get('Call-ID')!;
        party.send(requestText(party, { method: 'BYE', uri: target, from, to: invite.get('From')!, callId, cseq: 1 }));
      },
    };
    called.push({ invite, customer });
    const contact = `<sip:customer@${party.host}:${party.port}>`;
    party.send(responseText(invite, 180, { tag, contact }));
    if (wanted === 'ring') return;
    if ('refuse' in wanted) {
      customer.state = 'refused';
      return party.send(responseText(invite, wanted.refuse, { tag }));
    }
    const body = rtp.answer(invite.body);
    rtp.start();
    customer.state = 'talking';
    party.send(responseText(invite, 200, { tag, contact, body }));
  }

  function onInDialog(message: PartyMessage, party: SipParty): void {
    const one = called.find(({ invite }) => invite.get('Call-ID') === message.get('Call-ID'));
    if (!message.method || message.method === 'ACK') return;
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
  }: Parameters<Carrier['callIn']>[0]): Promise<Customer> {
    const rtp = await newMedia(toneHz);
    const party = await open((message) => onMessage(message));
    const callId = `${newTag()}${newTag()}@carrier.invalid`;
    const from = `<sip:${number}@carrier.invalid;user=phone>;tag=${newTag()}`;
    const uri = `sip:${dialled}@${sipTarget.host}:${sipTarget.port}`;
    const branch = newBranch();
    let to = `<${uri}>`;
    let target = uri;
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
        if (before === 'talking')
          party.send(requestText(party, { method: 'BYE', uri: target, from, to, callId, cseq: 2 }));
        else party.send(requestText(party, { method: 'CANCEL', uri, from, to: `<${uri}>`, callId, cseq: 1, branch }));
      },
    };
    const ack = (toWhom: string, options: { branch?: string } = {}) =>
      party.send(
        requestText(party, {
          method: 'ACK',
          uri: options.branch ? uri : target,
          from,
          to: toWhom,
          callId,
          cseq: 1,
          ...options,
        }),
      );

    function onMessage(message: PartyMessage): void {
      const { status } = message;
      if (message.method === 'BYE') {
        customer.state = 'ended';
        customer.endedBy = 'them';
        rtp.pause();
      }
      if (message.method && message.method !== 'ACK') return party.send(responseText(message, 200));
      if (!status || status < 180 || !message.get('CSeq')?.endsWith('INVITE')) return;
      customer.status = status;
      if (status < 200) return;
      if (status >= 300) {
        customer.state = customer.state === 'ended' ? 'ended' : 'refused';
        return ack(message.get('To')!, { branch });
      }
      to = message.get('To')!;
      target = /<([^>]+)>/.exec(message.get('Contact') ?? '')?.[1] ?? uri;
      ack(to);
      if (customer.state !== 'calling') return;
      customer.state = 'talking';
      rtp.acceptAnswer(message.body);
      rtp.start();
    }

    const headers = [`P-Asserted-Identity: <sip:${number}@carrier.invalid;user=phone>`];
    party.send(requestText(party, { method: 'INVITE', uri, from, to, callId, branch, headers, body: rtp.offer() }));
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
