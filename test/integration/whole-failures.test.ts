// Parts of the program are killed or stopped in mid-call: what can go on goes on, what cannot is told, nothing is lost.

import t from 'tap';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { freeswitchAddress } from '../support/media/freeswitch-media.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';
import { databasePids, mediaPids, recorderPids, signal } from '../support/servers/running-parts.ts';

const customerHz = 440;
const hanakoHz = 660;
const taroHz = 790;

const centre = await startCentre(t);
const { engawa } = centre;
const hanako = await centre.desk('hanako', hanakoHz);
const taro = await centre.desk('taro', taroHz);

t.afterEach(async () => {
  await eventually('healthy', healthy, { withinMs: 20_000, everyMs: 100 });
  await rest(hanako, taro);
  await centre.atRest();
});

async function healthy() {
  return (await fetch(new URL('/healthz', engawa.url))).ok;
}

async function connect(agent: RobotDesk, agentHz: number, from?: string) {
  const customer = await centre.callIn(numbers.product, customerHz, from);
  await agent.rings();
  await agent.answer();
  await hear('both hear each other', [
    [customer, [agentHz]],
    [agent, [customerHz]],
  ]);
  const callId = agent.line!.callId;
  return { customer, callId };
}

const ladder = ['call-started', 'call-answered', 'queue-entered', 'agent-answered', 'agent-left', 'call-ended'];

for (const how of ['stopped for ten seconds', 'killed'] as const) {
  t.test(`PostgreSQL is ${how}: calls go on, new ones reach an agent, nothing is lost`, async (t) => {
    await hanako.setState('available');
    const first = await connect(hanako, hanakoHz);
    await taro.setState('available');
    const pids = databasePids(engawa);
    signal(pids, how === 'killed' ? 'SIGKILL' : 'SIGSTOP');
    const back = aWhile(how === 'killed' ? 0 : 10_000).then(() => how === 'killed' || signal(pids, 'SIGCONT'));

    await hear('the call goes on', [
      [first.customer, [hanakoHz]],
      [hanako, [customerHz]],
    ]);
    await hanako.command('hold');
    await hearsMusic(first.customer, [hanakoHz]);
    await hanako.command('resume');
    await hear('the desk can still command', [[first.customer, [hanakoHz]]]);
    const second = await connect(taro, taroHz, `0805555${how === 'killed' ? '0002' : '0001'}`);
    second.customer.hangUp();
    await eventually('the desk is told', () => taro.view.call === null, { withinMs: 30_000 });
    await back;
    await hear('and on', [[first.customer, [hanakoHz]]]);
    first.customer.hangUp();
    for (const { callId } of [first, second]) {
      const record = await eventually('the record is there', () => centre.endedCall(callId), { withinMs: 40_000 });
      t.match(record, { cause: 'normal', side: 'customer', segments: [{}] });
      const types = (await centre.events(callId)).map((event) => event.type as string);
      t.strictSame(
        types.filter((type) => ladder.includes(type)),
        ladder,
      );
      t.match(record.alias, /-/);
    }
    const audio = await centre.recording((await centre.endedCall(second.callId)).recordingIds[0]!);
    t.ok(audio.durationMs > 100, 'the call of the outage is recorded');
  });
}

const engineSkip = freeswitchAddress ? 'FreeSWITCH is not a process of ours: freeswitch-reanchor.test.ts' : false;
t.test(
  'the only media process is killed: its calls go on at its successor, and new calls work',
  { skip: engineSkip },
  async (t) => {
    await hanako.setState('available');
    const { customer, callId } = await connect(hanako, hanakoHz);
    const waiting = await centre.callIn(numbers.contract, 550);
    await hearsMusic(waiting, []);
    signal(mediaPids(engawa), 'SIGKILL');
    await eventually(
      'both customers are asked anew',
      () => [customer, waiting].every(({ requests }) => requests.some(({ method }) => method === 'INVITE')),
      { withinMs: 30_000 },
    );
    await hear('the call goes on', [
      [customer, [hanakoHz]],
      [hanako, [customerHz]],
    ]);
    await hearsMusic(waiting, []);
    waiting.hangUp();
    customer.hangUp();
    t.match(await centre.endedCall(callId), { cause: 'normal', side: 'customer', reanchored: {} });
    await hanako.inState('available');
    const again = await connect(hanako, hanakoHz);
    again.customer.hangUp();
  },
);

t.test('the recorder is killed: the call goes on, and the recording opens', async (t) => {
  await hanako.setState('available');
  const { customer, callId } = await connect(hanako, hanakoHz);
  await aWhile(1500);
  signal(recorderPids(engawa), 'SIGKILL');
  await hear('the call goes on', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);
  await eventually('there is a recorder again', () => recorderPids(engawa).length === 1, { withinMs: 30_000 });
  await aWhile(3000);
  customer.hangUp();
  const record = await centre.endedCall(callId);
  const talkedMs = record.endedAt! - record.agentAnsweredAt!;
  const audio = await centre.openedByUs(record.recordingIds[0]!);
  t.ok(audio.durationMs > talkedMs - 2500, `${audio.durationMs} of ${talkedMs} ms`);
  t.ok(audio.level('left', customerHz, 300, 1200) > 2000, 'what was before');
  t.ok(audio.level('left', customerHz, audio.durationMs - 1200, audio.durationMs - 300) > 2000, 'what came after');
  t.ok(audio.level('right', hanakoHz, audio.durationMs - 1200, audio.durationMs - 300) > 2000);
});
