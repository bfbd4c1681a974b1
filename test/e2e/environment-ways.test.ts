// Ways to the relay in Chromium, with a real coturn: the check before a shift finds it over TCP and over TLS, with a certificate that is
// verified, and says in plain words which way is shut: UDP here, TCP as well later.

import { createSocket } from 'node:dgram';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { EnvironmentCheckView } from '../../src/api/contracts/environment.ts';
import { openDesk } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { startCoturn } from '../support/servers/coturn.ts';
import { missing } from '../support/servers/peers.ts';

t.setTimeout(420_000);
const tone = 440;

/** A port that leads to another over TCP, until it is shut. */
async function openGate(t: Test, port: number): Promise<{ port: number; shut(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const shut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(shut);
  return { port: (server.address() as AddressInfo).port, shut };
}

/** A port of UDP from which nothing ever comes back. */
async function silentPort(t: Test): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  return socket.address().port;
}

t.test('what reaches the relay, and what does not', { skip: missing('turnserver') }, async (t) => {
  const certificate = makeCertificate();
  const coturn = await startCoturn(t, { certificate });
  const gate = await openGate(t, coturn.port);
  const urls = [
    `turn:127.0.0.1:${await silentPort(t)}?transport=udp`,
    `turn:127.0.0.1:${gate.port}?transport=tcp`,
    `turns:127.0.0.1:${coturn.tlsPort}?transport=tcp`,
  ];
  const engawa = await startEngawa(t, {
    config: {
      turn: { urls },
      environment: {
        measuredSeconds: process.env['ENGAWA_TEST_FREESWITCH'] ? 10 : 4,
        // A busy machine of tests is late where a home is not.
        limits: { jitterMs: 500, roundTripMs: 5000, lossPercent: 50, mos: 1 },
      },
    },
    environment: { ENGAWA_TURN_SECRET: coturn.secret },
  });
  const desk = await openDesk(t, {
    ...{ url: engawa.url, login: 'hanako', password: engawa.passwordOf('hanako'), toneHz: tone },
    ...{ beforeShift: true, patienceMs: 60_000, trusts: certificate.cert },
  });
  const { page } = desk;

  async function check(button: string): Promise<Record<string, string>> {
    await page.getByRole('button', { name: button, exact: true }).click();
    await page.getByText('Do you hear the music?').waitFor();
    await page.getByRole('button', { name: 'Yes', exact: true }).click();
    await page.getByRole('progressbar').waitFor({ state: 'detached' });
    await page.getByTestId('check-outcome').waitFor();
    const { items } = await engawa.get<{ items: EnvironmentCheckView[] }>('/api/v1/environment-checks?limit=1');
    const ways = items[0]!.items.filter(({ item }) => item.startsWith('relay-'));
    return Object.fromEntries(ways.map(({ item, outcome }) => [item, outcome]));
  }

  await t.test('TCP and TLS reach the relay, UDP does not, and the page says so', async (t) => {
    t.strictSame(await check('Check now'), { 'relay-udp': 'bad', 'relay-tcp': 'good', 'relay-tls': 'good' });
    await page
      .getByText(/by relay over UDP/)
      .first()
      .waitFor();
    await page
      .getByText(/by relay over TCP/)
      .first()
      .waitFor();
    await page
      .getByText(/by relay over TLS/)
      .first()
      .waitFor();
  });

  await t.test('when TCP is shut too, TLS is what is left', async (t) => {
    gate.shut();
    t.strictSame(await check('Check again'), { 'relay-udp': 'bad', 'relay-tcp': 'bad', 'relay-tls': 'good' });
    await page.getByText('Audio does not get through by relay over TCP.').first().waitFor();
  });
});
