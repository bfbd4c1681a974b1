// Two FreeSWITCH of the tests' own behind the whole built program: the one that carries a conversation is killed, and it goes on at
// the other, in one recording.

import t from 'tap';
import { aWhile, hear, numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { freeswitchBin, startFreeswitch, withoutServer } from '../support/servers/installed-servers.ts';
import { ownerOfUdpPort } from '../support/servers/running-parts.ts';

t.setTimeout(240_000);
const skip = withoutServer(freeswitchBin, 'ENGAWA_TEST_FREESWITCH_BIN');
const customerHz = 440;
const hanakoHz = 660;
/** What a conversation may be without audio at most, on a machine that has much else to do. */
const silentLimitMs = 10_000;

t.test('the FreeSWITCH of a conversation is killed: it goes on at another', { skip }, async (t) => {
  const servers = [
    await startFreeswitch(t, { FS_CANDIDATE_ACL: 'any_v4.auto' }),
    await startFreeswitch(t, { FS_CANDIDATE_ACL: 'any_v4.auto' }),
  ];
  const secret = servers[0]!.eventSocket.password;
  process.env['ENGAWA_TEST_OWN_FREESWITCH'] = secret;
  const centre = await startCentre(t, {
    config: {
      media: {
        kind: 'freeswitch',
        servers: servers.map(({ eventSocket: { host, port } }, index) => ({
          ...{ name: `fs-${index + 1}`, host, port },
          password: 'env:ENGAWA_TEST_OWN_FREESWITCH',
        })),
      },
    },
  });
  const hanako = await centre.desk('hanako', hanakoHz);
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await hanako.rings();
  await hanako.answer();
  const both = () =>
    hear('both hear each other', [
      [customer, [hanakoHz]],
      [hanako, [customerHz]],
    ]);
  await both();
  const { callId } = hanako.line!;
  await aWhile(2000);
  const pids = servers.map(({ child }) => child.pid!);
  process.kill(ownerOfUdpPort(pids, customer.rtp.audio!.remote!.port), 'SIGKILL');
  const killedAt = performance.now();
  await eventually('the customer is asked anew', () => customer.requests.some(({ method }) => method === 'INVITE'), {
    withinMs: 20_000,
  });
  await aWhile(600);
  await both();
  const silentMs = Math.max(0, ...customer.rtp.report().gapsMs);
  t.comment(
    `customer without audio for ${silentMs} ms; all was well after ${Math.round(performance.now() - killedAt)} ms`,
  );
  t.ok(silentMs < silentLimitMs, `${silentMs} ms`);
  await aWhile(2500);
  customer.hangUp();
  const record = await centre.endedCall(callId);
  const told = (await centre.events(callId)).flatMap((event) =>
    event.type === 'media-reanchored' ? [`${event.party} ${event.silentMs} ms`] : [],
  );
  t.comment(`told: ${told.join(', ')}`);
  t.match(record, { cause: 'normal', side: 'customer' });
  // The desk may also be called anew, on a machine that is slow.
  t.ok((record.reanchored?.times ?? 0) >= 1);
  t.equal(record.recordingIds.length, 1, 'one recording');
  const audio = await centre.recording(record.recordingIds[0]!);
  t.ok(Math.abs(audio.durationMs - (record.endedAt! - record.agentAnsweredAt!)) < 2000, `${audio.durationMs} ms`);
  const end = audio.durationMs;
  for (const [side, hz] of [
    ['left', customerHz],
    ['right', hanakoHz],
  ] as const) {
    t.ok(audio.level(side, hz, 800, 1200) > 2000, `${side}, before`);
    t.ok(audio.level(side, hz, end - 1200, end - 800) > 2000, `${side}, afterwards`);
  }
});
