// Three parties in a conference on a pool of two real media servers. The one that carries them is killed; each party is given
// another endpoint, and all hear each other again, the muted one still muted.

import t from 'tap';
import { isMoving } from '../../src/call/anchor/moving-endpoint.ts';
import { createSurvivingMedia } from '../../src/call/anchor/surviving-media.ts';
import { createMediaPool } from '../../src/media/media-pool.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { newId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { openEmbeddedMedia } from '../support/media/embedded-media.ts';
import { MediaParty, whoHearsWhom } from '../support/media/media-party.ts';

t.test('a conference goes on at another media server', async (t) => {
  const servers = { a: await openEmbeddedMedia(), b: await openEmbeddedMedia() };
  const pool = await createMediaPool({
    clock: systemClock,
    log: silentLogger,
    members: Object.entries(servers).map(([name, server]) => ({ name, server })),
  });
  t.teardown(() => pool.close());
  const media = createSurvivingMedia({ media: pool, clock: systemClock, log: silentLogger, patienceMs: 5000 });
  const callId = newId('call');

  async function join(toneHz: number) {
    const party = await MediaParty.open({ toneHz });
    t.teardown(() => party.close());
    const created = await media.createEndpoint({ callId, sdpOffer: party.sdp() });
    if (created.kind !== 'created' || !isMoving(created.endpoint)) throw new Error('no endpoint');
    const { endpoint } = created;
    party.useRemote(endpoint.localSdp);
    // What reanchor.ts does by a re-INVITE.
    endpoint.carriedBy(async ({ session }) => {
      const again = await pool.createEndpoint({ callId, profile: 'rtp', codecs: ['PCMU'] });
      if (again.kind !== 'created') return { kind: 'given-up', because: again.because };
      party.useRemote(session.sendOffer(again.endpoint.localSdp));
      await again.endpoint.acceptAnswer(session.readAnswer(party.sdp()));
      return { kind: 'moved', endpoint: again.endpoint };
    });
    return { party, endpoint };
  }

  const [a, b, c] = [await join(330), await join(440), await join(550)];
  const all = { A: a.party, B: b.party, C: c.party };
  const conference = await media.createConference(callId);
  await conference.join(a.endpoint);
  await conference.join(b.endpoint);
  await conference.join(c.endpoint, { muted: true });
  const expected = 'A hears B; B hears A; C hears A, B';
  const heard = () =>
    eventually(expected, () => whoHearsWhom(all) === expected, { withinMs: 15_000 }).then(
      () => t.pass(expected),
      () => t.equal(whoHearsWhom(all), expected),
    );
  await heard();

  const home = pool.whereIs!(a.endpoint.current!)!;
  const dying = home.startsWith('a/') ? servers.a : servers.b;
  process.kill(dying.engines()[0]!.pid!, 'SIGKILL');
  await eventually('all have moved', () =>
    [a, b, c].every(({ endpoint }) => endpoint.current && pool.whereIs!(endpoint.current) !== home),
  );
  for (const party of Object.values(all)) party.listenAnew();
  await heard();

  await conference.join(c.endpoint, { heardBy: [b.endpoint] });
  const whisper = 'A hears B; B hears A, C; C hears A, B';
  await eventually(whisper, () => whoHearsWhom(all) === whisper, { withinMs: 15_000 });
  await conference.close();
  for (const { endpoint } of [a, b, c]) await endpoint.close();
  await eventually('nothing is left', async () => (await pool.health()).endpoints === 0, { withinMs: 10_000 });
});
