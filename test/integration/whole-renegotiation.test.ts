// What the customer's side does with its session in mid-call, through the whole program: hold by re-INVITE and UPDATE, late
// offers, other codecs, a CANCEL that is too late, a transfer to an outside number by the flow.

import t, { type Test } from 'tap';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const customerHz = 440;
const otherHz = 550;
const hanakoHz = 660;

// A customer on hold sends nothing: that must not look like a dead line.
const mediaTimeoutSeconds = 2;
const centre = await startCentre(t, { config: { media: { kind: 'embedded', mediaTimeoutSeconds } } });
const { carrier } = centre;
const hanako = await centre.desk('hanako', hanakoHz);

t.afterEach(async () => {
  await rest(hanako);
  await centre.atRest();
});

type Call = Parameters<typeof carrier.callIn>[0];

async function connected(call: Omit<Call, 'dialled' | 'toneHz'> = {}) {
  await hanako.setState('available');
  const customer = await carrier.callIn({ dialled: numbers.product, toneHz: customerHz, ...call });
  await hanako.rings();
  await hanako.answer();
  await hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  return { customer, callId: hanako.view.call!.id };
}
type Connected = Awaited<ReturnType<typeof connected>>;

const both = ({ customer }: Connected) =>
  hear('both hear each other again', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);

async function goesOn(t: Test, call: Connected): Promise<void> {
  await both(call);
  call.customer.hangUp();
  t.match(await centre.endedCall(call.callId), { cause: 'normal', side: 'customer', segments: [{}] });
}

async function held(t: Test, { callId }: Connected): Promise<void> {
  const told = (await centre.events(callId)).filter(({ type }) => type === 'call-held' || type === 'call-resumed');
  t.match(told.at(-1), { type: 'call-held', by: 'customer' });
}

for (const method of ['INVITE', 'UPDATE'] as const) {
  const by = method === 'INVITE' ? 're-INVITE' : method;

  t.test(`the customer puts us on hold with its own music by ${by}, and takes us back`, async (t) => {
    const call = await connected();
    const holding = await call.customer.renegotiate({ method, direction: 'sendonly' });
    t.equal(holding.status, 200);
    t.match(holding.body, 'a=recvonly');
    await hear('the agent hears what the customer’s side plays, the customer nothing', [
      [call.customer, []],
      [hanako, [customerHz]],
    ]);
    await held(t, call);
    t.match((await call.customer.renegotiate({ method })).body, 'a=sendrecv');
    await both(call);
    await aWhile(1000);
    await goesOn(t, call);
    const record = await centre.call(call.callId);
    t.equal(record.holdMs, 0, 'the agent held nobody');
    const audio = await centre.recording(record.recordingIds[0]!);
    t.ok(audio.level('left', customerHz, audio.durationMs - 600, audio.durationMs - 200) > 2000, 'recorded to its end');
  });

  t.test(`the customer holds in silence by ${by} for longer than a dead line may be silent`, async (t) => {
    const call = await connected();
    t.match((await call.customer.renegotiate({ method, direction: 'inactive' })).body, 'a=inactive');
    await hear('nobody hears anybody', [
      [call.customer, []],
      [hanako, []],
    ]);
    await aWhile(mediaTimeoutSeconds * 1000 + 1500);
    t.equal(call.customer.state, 'talking', 'the call is there');
    t.match((await call.customer.renegotiate({ method })).body, 'a=sendrecv');
    await goesOn(t, call);
  });
}

t.test(
  'holds and UPDATEs are answered in the menu, in the queue and at a park slot, and what plays goes on',
  async (t) => {
    const holds = async (customer: Awaited<ReturnType<typeof carrier.callIn>>, where: string) => {
      for (const method of ['INVITE', 'UPDATE'] as const) {
        const held = await customer.renegotiate({ method, direction: 'sendonly' });
        t.match(held, { status: 200, body: /a=recvonly/ }, `${method} in ${where}`);
        const resumed = await customer.renegotiate({ method });
        t.match(resumed, { status: 200, body: /a=sendrecv/ }, `${method} in ${where}`);
      }
      await hearsMusic(customer, [hanakoHz]);
    };
    const customer = await centre.callIn(numbers.menu, customerHz);
    await holds(customer, 'the menu');
    await customer.digits('2');
    await eventually('it waits', async () => {
      const { items } = await centre.engawa.get<{ items: { waiting: number }[] }>('/api/v1/queues');
      return items.some(({ waiting }) => waiting === 1);
    });
    await holds(customer, 'the queue');
    await hanako.setState('available');
    await hanako.rings();
    await hanako.answer();
    await both({ customer, callId: '' });
    await hanako.command('park');
    await hearsMusic(customer, [hanakoHz]);
    await holds(customer, 'a park slot');
    customer.hangUp();
  },
);

t.test('the agent holds, the customer holds: each is taken back by who held', async (t) => {
  const call = await connected();
  await hanako.command('hold');
  await hearsMusic(call.customer, [hanakoHz]);
  await call.customer.renegotiate({ direction: 'inactive' });
  await hanako.command('resume');
  await hear('the customer’s side still holds', [
    [call.customer, []],
    [hanako, []],
  ]);
  await call.customer.renegotiate();
  await goesOn(t, call);
});

t.test('an INVITE without SDP: the 200 offers, the ACK answers', async (t) => {
  await goesOn(t, await connected({ lateOffer: true }));
});

t.test('a re-INVITE without SDP: our offer is whole, the answer in the ACK is followed', async (t) => {
  const call = await connected();
  const offered = await call.customer.renegotiate({ late: true, direction: 'inactive' });
  t.equal(offered.status, 200);
  t.match(offered.body, /m=audio \d+ RTP\/AVP .*0/);
  await hear('hold by answer', [
    [call.customer, []],
    [hanako, []],
  ]);
  await held(t, call);
  const again = await call.customer.renegotiate({ late: true });
  t.notMatch(again.body, /a=(inactive|recvonly|sendonly)/, 'an offer from hold offers to talk again');
  await goesOn(t, call);
});

t.test('a re-INVITE without SDP in an outbound call', async (t) => {
  carrier.next({ answer: { toneHz: customerHz } });
  const before = carrier.called.length;
  const dialled = await hanako.dial({ number: '08011112222' });
  const { customer } = await eventually('the carrier is called', () => carrier.called[before], { withinMs: 15_000 });
  const call = { customer, callId: dialled.body.callId as Connected['callId'] };
  await both(call);
  t.equal((await customer.renegotiate({ late: true, direction: 'sendonly' })).status, 200);
  await hear('held', [
    [customer, []],
    [hanako, [customerHz]],
  ]);
  t.equal((await customer.renegotiate({ method: 'UPDATE' })).status, 200);
  await goesOn(t, call);
});

t.test('a customer who speaks only A-law and a desk that speaks only µ-law hear each other', async (t) => {
  const call = await connected({ codecs: ['PCMA'] });
  t.strictSame(call.customer.rtp.report().payloadTypes, [8], 'A-law alone reaches the customer');
  await goesOn(t, call);
  const { quality } = await centre.call(call.callId);
  t.match(quality, { customer: { codec: 'PCMA' }, agent: { codec: 'PCMU' } });
});

t.test('what cannot be changed is refused, and the call goes on as it was', async (t) => {
  const call = await connected();
  const offer = 'v=0\r\no=- 1 9 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n';
  t.equal((await call.customer.request('UPDATE', { body: offer })).status, 488);
  t.equal((await call.customer.request('UPDATE')).status, 200, 'an UPDATE without SDP is a refresh');
  await goesOn(t, call);
});

t.test('a CANCEL that is too late changes nothing: in the menu, in the queue, at the desk, in the talk', async (t) => {
  const customer = await centre.callIn(numbers.menu, customerHz);
  const tooLate = async (where: string) => {
    t.ok([200, 481].includes((await customer.cancel()).status!), where);
    t.equal(customer.state, 'talking', where);
  };
  await tooLate('menu');
  await customer.digits('2');
  await hearsMusic(customer, [hanakoHz]);
  await tooLate('queue');
  await hanako.setState('available');
  await hanako.rings();
  await tooLate('alerting');
  await hanako.answer();
  const call = { customer, callId: hanako.view.call!.id };
  await both(call);
  await tooLate('talking');
  await goesOn(t, call);
});

t.test('the flow transfers to an outside number: the customer talks there, either side ends it', async (t) => {
  for (const ender of ['customer', 'outside'] as const) {
    carrier.next({ answer: { toneHz: otherHz, codecs: ['PCMA'] } });
    const before = carrier.called.length;
    const from = '09012345678';
    const customer = await centre.callIn(numbers.outside, customerHz, from);
    const { customer: outside, invite } = await eventually(
      'the outside number is called',
      () => carrier.called[before],
      {
        withinMs: 15_000,
      },
    );
    t.match(invite.line, 'INVITE sip:0312340000@');
    t.notMatch(invite.text, from, 'the customer’s number does not go along');
    await hear('customer and outside number hear each other', [
      [customer, [otherHz]],
      [outside, [customerHz]],
    ]);
    const { items } = await centre.engawa.get<{ items: { id: Connected['callId'] }[] }>('/api/v1/calls?limit=1');
    const callId = items[0]!.id;
    (ender === 'customer' ? customer : outside).hangUp();
    await eventually('the other side is told', () => (ender === 'customer' ? outside : customer).endedBy === 'them', {
      withinMs: 15_000,
    });
    const side = ender === 'customer' ? 'customer' : 'carrier';
    t.match(await centre.endedCall(callId), { cause: 'normal', side, segments: [] });
    const transferred = (await centre.events(callId)).find(({ type }) => type === 'call-transferred');
    t.match(transferred, { to: { kind: 'number' } });
  }
});

t.test('an outside number that is busy: the flow goes on to the queue', async (t) => {
  carrier.next({ refuse: 486 });
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.outside, customerHz);
  await hanako.rings();
  await hanako.answer();
  await goesOn(t, { customer, callId: hanako.view.call!.id });
});

t.test('the customer hangs up while the outside number rings', async () => {
  carrier.next('ring');
  const before = carrier.called.length;
  const customer = await centre.callIn(numbers.outside, customerHz);
  const { customer: outside } = await eventually('it rings', () => carrier.called[before], { withinMs: 15_000 });
  customer.hangUp();
  await eventually('the outside number stops ringing', () => outside.endedBy === 'them', { withinMs: 15_000 });
});
