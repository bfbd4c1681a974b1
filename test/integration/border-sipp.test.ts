// The border against sipp, which shares no code with us: the ladders of the SIP edge, each as a carrier would do it.

import t from 'tap';
import type { Leg } from '../../src/sbc/leg.ts';
import { eventually } from '../support/eventually.ts';
import { freeUdpPort } from '../support/free-port.ts';
import { missing } from '../support/servers/peers.ts';
import {
  type BorderRig,
  callOut,
  carrierTrunk,
  type RigOptions,
  startBorderRig,
  tokyo,
} from '../support/sip/border-rig.ts';
import { runSipp } from '../support/sip/border-sipp.ts';
import { sdpText } from '../support/sip/sip-party.ts';

const options = { skip: missing('sipp') };

type Test = { teardown: (run: () => unknown) => void };

async function rigFor(test: Test, port: number, more: RigOptions = {}): Promise<BorderRig> {
  const rig = await startBorderRig({
    trunks: (carrier) => [
      carrierTrunk(carrier, {
        targets: [{ host: '127.0.0.1', port, transport: 'udp', priority: 1, weight: 1 }],
        ...more.trunk,
      }),
    ],
    ...more,
  });
  test.teardown(() => rig.close());
  return rig;
}

interface Inbound {
  scenario: string;
  says: string;
  act: (leg: Leg) => unknown;
  events: string[];
  trunk?: RigOptions['trunk'];
}

function watch(leg: Leg): string[] {
  const events: string[] = [];
  for (const name of ['answered', 'held', 'resumed'] as const) leg.on(name, () => events.push(name));
  leg.on('digit', ({ digit }) => events.push(`digit ${digit}`));
  leg.on('ended', ({ cause, by }) => events.push(`ended ${cause} ${by}`));
  leg.onOffer(async () => ({ kind: 'ok', sdpAnswer: sdpText('pbx') }));
  return events;
}

const answer = (leg: Leg) => void leg.answer(sdpText('pbx'));
const bye = ['answered', 'ended normal far-end'];

const inbound: Inbound[] = [
  { scenario: 'border-uac-answered-then-bye', says: 'is answered and hangs up', act: answer, events: bye },
  { scenario: 'border-uac-late-offer', says: 'calls without SDP', act: answer, events: bye },
  { scenario: 'border-uac-lost-200', says: 'loses our first 200', act: answer, events: bye },
  {
    scenario: 'border-uac-cancel',
    says: 'gives up while it rings',
    act: (leg) => leg.ring(),
    events: ['ended cancelled far-end'],
  },
  {
    scenario: 'border-uac-hold-and-resume',
    says: 'holds by re-INVITE and resumes by UPDATE',
    act: answer,
    events: ['answered', 'held', 'resumed', 'ended normal far-end'],
  },
  {
    scenario: 'border-uac-waits-for-bye',
    says: 'sends a digit and is hung up on',
    act(leg) {
      leg.on('digit', () => void leg.end());
      answer(leg);
    },
    events: ['answered', 'digit 7', 'ended normal us'],
  },
  {
    scenario: 'border-uac-refused',
    says: 'is refused',
    act: (leg) => leg.reject('busy'),
    events: ['ended busy us'],
  },
  {
    scenario: 'border-uac-reliable-ringing',
    says: 'requires reliable provisional responses',
    act(leg) {
      leg.ring({ sdpAnswer: sdpText('pbx') });
      setTimeout(() => answer(leg), 300);
    },
    events: bye,
  },
  {
    scenario: 'border-uac-digest',
    says: 'proves itself by digest',
    act: answer,
    events: bye,
    trunk: { addresses: [], digest: { user: 'gateway', password: 'secret', algorithms: ['MD5'] } },
  },
];

for (const { scenario, says, act, events: expected, trunk } of inbound) {
  t.test(`a carrier ${says} (${scenario})`, options, async (t) => {
    const port = await freeUdpPort();
    const rig = await rigFor(t, port, { trunk });
    const seen: string[][] = [];
    rig.border.on('call', ({ leg }) => {
      seen.push(watch(leg));
      act(leg);
    });
    const sipp = runSipp({ scenario, port, target: rig.sip, service: tokyo, calls: 3, callsPerSecond: 20 });
    t.teardown(sipp.stop);
    await sipp.finished;
    await eventually(
      'every leg ended',
      () => seen.length === 3 && seen.every((one) => one.at(-1)?.startsWith('ended')),
    );
    t.strictSame(seen, [expected, expected, expected]);
    t.equal(rig.border.trunks()[0]?.activeCalls, 0);
  });
}

interface Outbound {
  scenario: string;
  says: string;
  act?: (leg: Leg) => unknown;
  events: string[];
}

const hangUpWhenAnswered = (leg: Leg) => leg.on('answered', () => void leg.end());
const outbound: Outbound[] = [
  { scenario: 'border-uas-answers-then-hangs-up', says: 'answers and hangs up', events: bye },
  { scenario: 'border-uas-busy', says: 'is busy', events: ['ended busy far-end'] },
  {
    scenario: 'border-uas-early-media',
    says: 'sends early media reliably',
    act: hangUpWhenAnswered,
    events: ['answered', 'ended normal us'],
  },
  {
    scenario: 'border-uas-cancelled',
    says: 'rings until we give up',
    act: (leg) => leg.on('ringing', () => void leg.end()),
    events: ['ended cancelled us'],
  },
  {
    scenario: 'border-uas-challenges',
    says: 'asks for credentials',
    act: hangUpWhenAnswered,
    events: ['answered', 'ended normal us'],
  },
  {
    scenario: 'border-uas-glare',
    says: 'is busy with an offer of its own when ours comes',
    act: (leg) => leg.on('answered', () => void leg.renegotiate(sdpText('again')).then(() => leg.end())),
    events: ['answered', 'ended normal us'],
  },
];

for (const { scenario, says, act, events: expected } of outbound) {
  t.test(`a carrier that is called ${says} (${scenario})`, options, async (t) => {
    const port = await freeUdpPort();
    const rig = await rigFor(t, port, { trunk: { credentials: { user: 'company', password: 'secret' } } });
    const sipp = runSipp({ scenario, port });
    t.teardown(sipp.stop);
    await sipp.listening();
    const leg = callOut(rig.border);
    const events = watch(leg);
    act?.(leg);
    await sipp.finished;
    await eventually('the end', () => leg.state === 'ended');
    t.strictSame(events, expected);
  });
}
