// Who does not wait: the call back that keeps the place, and the message, through the whole program with real SIP and RTP.

import t from 'tap';
import { findNumber } from '../support/centre/number-finder.ts';
import { contractHz, lines, productHz, startQueueCentre, wordsHz } from '../support/centre/queue-centre.ts';
import { aWhile, hear, rest, type WholeCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';
import type { Customer } from '../support/sip/carrier.ts';

const hanakoHz = 660;
const number = '09012345678';

const first = await startQueueCentre(t);
const { carrier } = first;
let centre: WholeCentre = first;
let hanako: RobotDesk = await centre.desk('hanako', hanakoHz);

interface Callback {
  callId: string;
  endedAt: number | null;
  endedBecause: string | null;
  attempts: number;
  personId: string | null;
}

const callbacks = async () => (await centre.engawa.get<{ items: Callback[] }>('/api/v1/callbacks')).items;

const becomes = (callId: string, fits: (callback: Callback) => boolean) =>
  eventually(
    'the call back becomes what it is to be',
    async () => (await callbacks()).find((one) => one.callId === callId && fits(one)),
    { withinMs: 30_000, everyMs: 150 },
  );

/** Nobody is ready: the caller waits, presses 1, confirms the own number, and hangs up. */
async function asksToBeCalledBack(from = number): Promise<string> {
  const before = new Set((await callbacks()).map(({ callId }) => callId));
  const customer = await centre.callIn(lines.callback, contractHz, from);
  await customer.digits('1');
  await aWhile(300);
  await customer.digits('1');
  const kept = await eventually(
    'the promise is made',
    async () => (await callbacks()).find(({ callId }) => !before.has(callId)),
    { withinMs: 30_000, everyMs: 150 },
  );
  // The flow says goodbye and hangs up.
  await eventually('the call ends', () => customer.state === 'ended', { withinMs: 30_000 });
  return kept.callId;
}

async function talks(customer: Customer, toneHz: number): Promise<void> {
  await hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [toneHz]],
  ]);
}

t.test(
  'the place is kept, the agent answers first, and the customer is called with the number that was dialled',
  async (t) => {
    const callId = await asksToBeCalledBack();
    carrier.next({ answer: { toneHz: productHz } });
    await hanako.setState('available');
    await hanako.rings();
    t.match(hanako.view.call, { direction: 'outbound', queue: 'general', reason: { id: 'product-question' } });
    const calledBefore = carrier.called.length;
    await hanako.answer();
    await eventually('the customer is called', () => carrier.called.length > calledBefore);
    const { invite, customer } = carrier.called.at(-1)!;
    t.match(invite.line, `sip:${number}@`);
    t.match(
      invite.get('P-Asserted-Identity') ?? invite.get('From'),
      /0310011003/,
      'presented as the number that was dialled',
    );
    await talks(customer, productHz);
    const ended = await becomes(callId, ({ endedAt }) => endedAt !== null);
    t.match(ended, { endedBecause: 'reached', attempts: 1, personId: hanako.personId });
    const attempt = hanako.view.call!.id;
    t.match(await centre.call(attempt), { callbackOf: callId, direction: 'outbound' });
    t.match(await centre.endedCall(callId), { callback: 'reached' });
    t.notMatch(JSON.stringify(await callbacks()), /\b(?:1234|5678)\b|12345678/, 'no number is shown');
    t.same(findNumber(hanako.proxy.toClient(), '+819012345678'), [], 'nor does the home learn it');
    await hanako.command('hangup');
    await rest(hanako);
  },
);

t.test('a customer who is busy is called again after a while', async (t) => {
  const callId = await asksToBeCalledBack();
  carrier.next({ refuse: 486 });
  await hanako.setState('available');
  await hanako.rings();
  await hanako.answer();
  await becomes(callId, ({ attempts }) => attempts === 1);
  carrier.next({ answer: { toneHz: productHz } });
  await hanako.rings();
  await hanako.answer();
  await becomes(callId, ({ endedBecause, attempts }) => endedBecause === 'reached' && attempts === 2);
  await talks(carrier.called.at(-1)!.customer, productHz);
  t.equal((await centre.endedCall(callId)).callback, 'reached');
  await hanako.command('hangup');
  await rest(hanako);
});

t.test('another number is keyed: one that may not be called is refused, another one is called', async (t) => {
  const customer = await centre.callIn(lines.callback, contractHz, '09088880000');
  await customer.digits('1');
  // At each question: "another number", an emergency number, a good one, and "yes".
  for (const digits of ['2', '110#', '0312349876#', '1']) {
    await hear('it is asked', [[customer, [wordsHz]]]);
    await customer.digits(digits);
    await aWhile(300);
  }
  await eventually('the call ends', () => customer.state === 'ended', { withinMs: 30_000 });
  const [kept] = await callbacks();
  t.equal(kept?.endedAt, null);
  carrier.next({ answer: { toneHz: productHz } });
  await hanako.setState('available');
  await hanako.rings();
  await hanako.answer();
  await becomes(kept!.callId, ({ endedBecause }) => endedBecause === 'reached');
  t.match(carrier.called.at(-1)!.invite.line, 'sip:0312349876@');
  await talks(carrier.called.at(-1)!.customer, productHz);
  t.notMatch(centre.engawa.log(), /0312349876|31234-?9876/, 'what was keyed is in no log');
  await hanako.command('hangup');
  await rest(hanako);
});

t.test('a call back is cancelled by a supervisor, and nobody is called', async (t) => {
  const callId = await asksToBeCalledBack();
  const calledBefore = carrier.called.length;
  await remove(`/api/v1/callbacks/${callId}`, 204);
  t.match(await becomes(callId, ({ endedAt }) => endedAt !== null), { endedBecause: 'cancelled' });
  await remove(`/api/v1/callbacks/${callId}`, 404);
  await hanako.setState('available');
  const { items } = await centre.engawa.get<{ items: { name: string; waiting: number }[] }>('/api/v1/queues');
  t.equal(items.find(({ name }) => name === 'general')?.waiting, 0, 'the place is free');
  t.equal(carrier.called.length, calledBefore);
  await rest(hanako);
});

t.test(
  'whoever calls again waits in the place that was kept, and once served is not called back as well',
  async (t) => {
    const callId = await asksToBeCalledBack();
    const calledBefore = carrier.called.length;
    const other = await centre.callIn(lines.callback, productHz, '09033335555');
    const again = await centre.callIn(lines.callback, contractHz, number);
    const { items } = await centre.engawa.get<{ items: { id: string }[] }>('/api/v1/calls?limit=1');
    await hanako.setState('available');
    await hanako.rings();
    t.equal(hanako.view.call!.id, items[0]!.id, 'before the one who had called since');
    await hanako.answer();
    await talks(again, contractHz);
    t.match(await becomes(callId, ({ endedAt }) => endedAt !== null), { endedBecause: 'called-again' });
    t.equal(carrier.called.length, calledBefore);
    other.hangUp();
    again.hangUp();
    await rest(hanako);
  },
);

async function remove(path: string, status: number): Promise<void> {
  const headers = { authorization: `Bearer ${centre.engawa.apiKey}` };
  const response = await fetch(new URL(path, centre.engawa.url), { method: 'DELETE', headers });
  if (response.status !== status) throw new Error(`DELETE ${path}: ${response.status} ${await response.text()}`);
}

interface Message {
  recordingId: string;
  callId: string;
  mailbox: string;
  durationMs: number;
  doneAt: number | null;
}

const messagesAs = async (login: string) =>
  (JSON.parse((await centre.engawa.getAs(login, '/api/v1/voicemails')).toString()) as { items: Message[] }).items;

t.test(
  'a message is sealed like a recording and holds the caller alone; who may not take the call does not see it',
  async (t) => {
    const customer = await centre.callIn(lines.message, contractHz, '09055556666');
    // Greeting, tone, and then the caller’s own.
    await hear('the greeting', [[customer, [wordsHz]]]);
    await aWhile(3200);
    await customer.digits('#');
    await eventually('the flow says goodbye', () => customer.state === 'ended', { withinMs: 30_000 });
    const message = await eventually('the message is listed', async () => (await messagesAs('midori'))[0], {
      withinMs: 30_000,
      everyMs: 500,
    });
    t.match(message, { mailbox: 'night', reason: 'contract-change', doneAt: null });
    t.ok(message.durationMs > 1000 && message.durationMs < 20_000, `${message.durationMs} ms`);
    const audio = await centre.recording(message.recordingId);
    const middle = audio.durationMs / 2;
    t.ok(audio.level('left', contractHz, middle - 300, middle + 300) > 2000, 'the caller is in it');
    t.ok(audio.level('right', wordsHz, 0, audio.durationMs) < 100, 'and nobody else');
    t.strictSame(await messagesAs('hanako'), [], 'contract-change is not for whoever is at home without clearance');
    await centre.engawa.post(`/api/v1/voicemails/${message.recordingId}/commands/done`, 'midori');
    t.ok((await messagesAs('midori'))[0]!.doneAt);
    t.match((await centre.endedCall(message.callId)).recordingIds, [message.recordingId]);
  },
);

t.test('silence ends a message, and so does hanging up', async (t) => {
  const silent = await centre.callIn(lines.message, contractHz, '09055557777');
  await hear('the greeting', [[silent, [wordsHz]]]);
  await aWhile(3000);
  silent.rtp.pause();
  await eventually('the flow says goodbye', () => silent.state === 'ended', { withinMs: 30_000 });
  t.equal((await messagesAs('midori')).length, 2);
  const gone = await centre.callIn(lines.message, contractHz, '09055558888');
  await hear('the greeting', [[gone, [wordsHz]]]);
  await aWhile(3200);
  gone.hangUp();
  await eventually('the message is there', async () => (await messagesAs('midori')).length === 3, {
    withinMs: 30_000,
    everyMs: 500,
  });
});

t.test('a promise outlives the program', async (t) => {
  const callId = await asksToBeCalledBack('09077776666');
  await hanako.signOut();
  await centre.engawa.stop('SIGKILL');
  centre = await first.startAgain();
  t.match(await callbacks(), [{ callId, endedAt: null }]);
  hanako = await centre.desk('hanako', hanakoHz);
  carrier.next({ answer: { toneHz: productHz } });
  await hanako.setState('available');
  await hanako.rings();
  await hanako.answer();
  await becomes(callId, ({ endedBecause }) => endedBecause === 'reached');
  t.match(carrier.called.at(-1)!.invite.line, 'sip:09077776666@');
  await talks(carrier.called.at(-1)!.customer, productHz);
  await hanako.command('hangup');
});
