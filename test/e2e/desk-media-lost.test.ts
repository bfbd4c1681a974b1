// The media engine under a call is killed while a real browser is the desk: Chromium takes the re-INVITE of another engine (ICE
// restart, another DTLS fingerprint) in the same peer connection, and both hear each other again.

import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { openDesk } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';
import { mediaPids, ownerOfUdpPort, signal } from '../support/servers/running-parts.ts';
import { createCarrier } from '../support/sip/carrier.ts';

t.setTimeout(180_000);
const customerTone = 440;
const agentTone = 660;

t.test('a call with a browser survives the death of its media engine', async (t) => {
  const engawa = await startEngawa(t, { config: { media: { engines: 2 } } });
  const carrier = await createCarrier(t);
  carrier.connect(engawa.sip);
  const desk = await openDesk(t, {
    url: engawa.url,
    login: 'hanako',
    password: engawa.passwordOf('hanako'),
    toneHz: agentTone,
    patienceMs: 60_000,
  });
  await desk.available();
  const customer = await carrier.callIn({ dialled: '0120000111', toneHz: customerTone });
  await eventually('the flow answers', () => customer.state === 'talking', { withinMs: 10_000 });
  await customer.digits('2');
  await desk.answer();
  await desk.waitForState('on-call');
  await desk.waitToHear([customerTone]);
  await eventually('the customer hears the agent', () => customer.hears().includes(agentTone), { withinMs: 10_000 });

  const lines = () =>
    desk.page.evaluate('new Set(__lines.map(({ connection }) => connection)).size') as Promise<number>;
  const fingerprint = () =>
    desk.page.evaluate(
      '/a=fingerprint:(.*)/.exec(__lines.at(-1).connection.remoteDescription.sdp)[1]',
    ) as Promise<string>;
  const [linesBefore, fingerprintBefore] = [await lines(), await fingerprint()];

  for (const round of ['once', 'and again']) {
    await eventually('both engines run', () => mediaPids(engawa).length === 2, { withinMs: 20_000 });
    const before = await fingerprint();
    const requests = customer.requests.length;
    signal([ownerOfUdpPort(mediaPids(engawa), customer.rtp.audio!.remote!.port)], 'SIGKILL');
    await eventually('the customer is asked anew', () => customer.requests.length > requests, { withinMs: 10_000 });
    await eventually('the browser has another far end', async () => (await fingerprint()) !== before, {
      withinMs: 10_000,
    });
    await eventually('the customer hears the agent', () => customer.hears(200).includes(agentTone), {
      withinMs: 10_000,
    });
    await desk.waitToHear([customerTone]);
    t.equal(await lines(), linesBefore, `${round}: in the same peer connection`);
  }
  t.not(await fingerprint(), fingerprintBefore);

  await desk.hold();
  await desk.waitToHear([]);
  await desk.resume();
  await desk.waitToHear([customerTone]);
  customer.hangUp();
  await desk.waitForState('after-call-work');
  const { items } = await engawa.get<{ items: { id: string }[] }>('/api/v1/calls');
  const record = await eventually(
    'the record is complete',
    async () => {
      const found = await engawa.get<Pick<CallView, 'endedAt' | 'reanchored'>>(`/api/v1/calls/${items[0]!.id}`);
      return found.endedAt !== null && found.reanchored?.times === 4 ? found : undefined;
    },
    { withinMs: 15_000 },
  );
  t.match(record, { cause: 'normal', side: 'customer', reanchored: { times: 4 } });
  t.comment(`record: ${JSON.stringify(record.reanchored)}`);
});
