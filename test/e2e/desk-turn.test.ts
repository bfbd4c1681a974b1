// A desk whose network lets it reach the TURN server only, by UDP, TCP or TLS: credentials of the API, coturn with our configuration
// between Chromium and the media engine, a call that is heard both ways, and credentials that are renewed before they end.

import t from 'tap';
import type { IceSettings } from '../../src/api/contract.ts';
import { type DeskOptions, openDesk } from '../support/centre/desk-page.ts';
import { type RunningEngawa, startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { startCoturn } from '../support/servers/coturn.ts';
import { missing } from '../support/servers/peers.ts';

t.setTimeout(300_000);
const tone = 440;

/** In the page: the kind of the local candidate that carries the audio, and how it reaches its relay, by WebRTC statistics. */
const usedCandidate = `(async () => {
  const stats = await window.__lines.at(-1).connection.getStats();
  for (const each of stats.values())
    if (each.type === 'transport' && each.selectedCandidatePairId) {
      const pair = stats.get(each.selectedCandidatePairId);
      const { candidateType, relayProtocol } = stats.get(pair.localCandidateId);
      return candidateType + ' by ' + relayProtocol;
    }
  return '';
})()`;

const tarosDesk = (test: Parameters<typeof openDesk>[0], engawa: RunningEngawa, more: Partial<DeskOptions>) =>
  openDesk(test, {
    url: engawa.url,
    login: 'taro',
    password: engawa.passwordOf('taro'),
    toneHz: tone,
    patienceMs: 60_000,
    ...more,
  });

t.test('a call by way of the TURN server alone', { skip: missing('turnserver') }, async (t) => {
  const coturn = await startCoturn(t);
  const engawa = await startEngawa(t, {
    config: { turn: { urls: coturn.urls, credentialMinutes: 1, relayOnly: true } },
    environment: { ENGAWA_TURN_SECRET: coturn.secret },
  });
  const desk = await tarosDesk(t, engawa, { beforeShift: true });
  const { page } = desk;
  const asked: Promise<IceSettings>[] = [];
  page.on('response', (response) => {
    if (/\/(turn-credentials|desk\/softphone)$/.test(response.url())) asked.push(response.json());
  });
  await desk.startShift();
  await desk.available();

  async function call(test: typeof t): Promise<void> {
    await desk.placeTestCall();
    await desk.answer();
    await desk.waitToHear([tone]);
    test.equal(await page.evaluate(usedCandidate), 'relay by udp');
    await desk.hangUp();
    await desk.done();
  }

  await t.test('both hear each other, and the audio goes through the relay', call);

  await t.test(
    'the page asks for new credentials before those that it has end, and calls go on with them',
    async (t) => {
      await eventually('new credentials', () => asked.length >= 2, { withinMs: 120_000, everyMs: 200 });
      const [first, second] = await Promise.all(asked);
      const [before, after] = [first!, second!].map(({ iceServers }) => iceServers[0]!);
      t.ok(second!.serverTime < first!.iceServersExpireAt!, 'in time');
      t.match(before!.username, /^\d{10}:/);
      t.not(after!.username, before!.username);
      await call(t);
    },
  );

  await t.test('nothing of them is kept in the browser, and no name is in them', async (t) => {
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
    for (const { iceServers } of await Promise.all(asked)) {
      t.notOk(String(kept).includes(iceServers[0]!.credential!));
      t.notMatch(iceServers[0]!.username, /taro/i);
    }
    t.notOk(engawa.log().includes((await asked[0]!).iceServers[0]!.credential!), 'nor in the log');
  });
});

for (const by of ['tcp', 'tls'] as const)
  t.test(
    `a call by way of the TURN server, which the home reaches by ${by} only`,
    { skip: missing('turnserver') },
    async (t) => {
      const certificate = makeCertificate();
      const coturn = await startCoturn(t, { certificate });
      const url = { tcp: `turn:127.0.0.1:${coturn.port}`, tls: `turns:127.0.0.1:${coturn.tlsPort}` }[by];
      const engawa = await startEngawa(t, {
        config: { turn: { urls: [`${url}?transport=tcp`], relayOnly: true } },
        environment: { ENGAWA_TURN_SECRET: coturn.secret },
      });
      const desk = await tarosDesk(t, engawa, { trusts: certificate.cert });
      await desk.available();
      await desk.placeTestCall();
      await desk.answer();
      await desk.waitToHear([tone]);
      t.equal(await desk.page.evaluate(usedCandidate), `relay by ${by}`);
      await desk.hangUp();
      await desk.done();
    },
  );
