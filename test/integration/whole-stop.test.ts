// The program is asked to stop, or is killed, with a call up; and it starts again on the same folder.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { aWhile, hear, numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { endRobotMedia } from '../support/media/robot-media.ts';
import { databasePids } from '../support/servers/running-parts.ts';
import { createCarrier } from '../support/sip/carrier.ts';

const dataFolder = mkdtempSync(join(tmpdir(), 'engawa-stop-'));
t.teardown(endRobotMedia);
t.teardown(() => rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 }));

t.test('kill -9 with a call up: after the next start record, events and sealed audio are there', async (t) => {
  const carrier = await createCarrier(t);
  const before = await startCentre(t, { dataFolder, carrier });
  const hanako = await before.desk('hanako', 660);
  await hanako.setState('available');
  const customer = await before.callIn(numbers.product, 440);
  await hanako.rings();
  await hanako.answer();
  await hear('both hear each other', [
    [customer, [660]],
    [hanako, [440]],
  ]);
  const callId = hanako.line!.callId;
  await aWhile(4000);
  const database = databasePids(before.engawa);
  const answeredMs = Date.now();
  await before.engawa.stop('SIGKILL');
  customer.rtp.pause();
  hanako.vanish();
  await eventually('its children end with it', () => database.every((pid) => !alive(pid)), { withinMs: 20_000 });

  const after = await startCentre(t, { dataFolder, carrier });
  const record = await after.endedCall(callId);
  t.match(record, {
    cause: 'fault',
    side: 'us',
    reason: 'product-question',
    segments: [{ personId: hanako.personId }],
  });
  t.ok(record.endedAt! <= answeredMs + 1000, 'it ended when it ended, not at the next start');
  const types = (await after.events(callId)).map((event) => event.type);
  t.ok(types.includes('agent-answered') && types.includes('recording-started') && types.at(-1) === 'call-ended');
  const talkedMs = answeredMs - record.agentAnsweredAt!;
  const audio = await after.openedByUs(record.recordingIds[0]!);
  t.ok(audio.durationMs > talkedMs - 2500, `${audio.durationMs} of ${talkedMs} ms open`);
  t.ok(audio.loudest('left', 440) > 2000, 'the customer is in it');
  t.ok(audio.loudest('right', 660) > 2000, 'the agent is in it');

  const again = await after.desk('hanako', 660);
  await again.setState('available');
  const next = await after.callIn(numbers.product, 440);
  await again.rings();
  await again.answer();
  await hear('and calls work', [
    [next, [660]],
    [again, [440]],
  ]);

  const stopping = after.engawa.stop('SIGINT');
  await eventually('it says that it stops', () => after.engawa.printed().includes('no new calls'));
  const late = await carrier.callIn({ dialled: numbers.product, toneHz: 550 });
  await eventually('no new call is taken', () => late.state === 'refused', { withinMs: 30_000 });
  t.equal(late.status, 503);
  await hear('the call may go on for a moment', [[next, [660]]]);
  const startedAt = Date.now();
  t.equal(await stopping, 0, 'exit code');
  t.ok(Date.now() - startedAt < 20_000, `stopped within ${Date.now() - startedAt} ms`);
  t.equal(next.endedBy, 'them', 'the customer was told');
  t.match(after.engawa.printed(), /Closed\./);
  t.notMatch(after.engawa.log(), /"level":60/, 'nothing fatal');
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
