// The check before a shift in Chromium, over a line that can be made bad: its only way is a TURN server behind a lossy UDP way.
// Passed on a good line; with loss it says so in plain words and no call comes; the own telephone takes over; the report is
// downloaded, and a supervisor sees it.

import { readFileSync } from 'node:fs';
import t from 'tap';
import type { AgentRow, QueueView } from '../../src/api/contract.ts';
import type { EnvironmentCheckView } from '../../src/api/contracts/environment.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { openDesk, signIn } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';
import { createLossyUdp } from '../support/media/lossy-udp.ts';
import { startCoturn } from '../support/servers/coturn.ts';
import { missing } from '../support/servers/peers.ts';

t.setTimeout(420_000);

t.test('the check before a shift', { skip: missing('turnserver') }, async (t) => {
  const coturn = await startCoturn(t);
  const way = await createLossyUdp(t, { host: coturn.host, port: coturn.port });
  const engawa = await startEngawa(t, {
    config: {
      turn: { urls: [`turn:127.0.0.1:${way.port}?transport=udp`], relayOnly: true },
      environment: {
        check: 'required',
        measuredSeconds: process.env['ENGAWA_TEST_FREESWITCH'] ? 10 : 4,
        whenFailed: 'own-telephone',
        // A busy machine of tests is late where a home is not.
        limits: { jitterMs: 150, roundTripMs: 1500, browsers: { Chrome: 90 } },
      },
    },
    environment: { ENGAWA_TURN_SECRET: coturn.secret },
  });
  const password = engawa.passwordOf('hanako');
  const desk = await openDesk(t, {
    ...{ url: engawa.url, login: 'hanako', password, toneHz: 440 },
    ...{ beforeShift: true, patienceMs: 60_000 },
  });
  const { page } = desk;
  const outcome = page.getByTestId('check-outcome');
  const rowOf = async () => {
    const { items } = await engawa.get<{ items: AgentRow[] }>('/api/v1/agents');
    return items.find(({ person }) => person.login === 'hanako')!;
  };
  const newest = async () => {
    const { items } = await engawa.get<{ items: EnvironmentCheckView[] }>('/api/v1/environment-checks?limit=1');
    return items[0]!;
  };
  /** The result of the check that is made now. */
  async function check(button: string): Promise<EnvironmentCheckView> {
    await page.getByRole('button', { name: button, exact: true }).click();
    await page.getByText('Do you hear the music?').waitFor();
    await page.getByRole('button', { name: 'Yes', exact: true }).click();
    await page.getByRole('progressbar').waitFor({ state: 'detached' });
    await outcome.waitFor();
    return newest();
  }

  await t.test('on a good line it passes: line, microphone, browser and relay are found good', async (t) => {
    await page.getByText('Your company asks for this check before you take calls').waitFor();
    const result = await check('Check now');
    if (!result.passed) t.comment(JSON.stringify(result.items));
    t.match(result, { passed: true, line: { candidate: 'relay', protocol: 'udp', codec: 'PCMU' } });
    t.ok(result.line!.up!.packets > 100 && result.line!.down!.packets > 100, 'both ways');
    const good = result.items.filter((item) => item.outcome === 'good').map(({ item }) => item);
    for (const item of ['loss', 'mos', 'microphone', 'speaker', 'browser', 'relay-udp'])
      t.ok(good.includes(item as never), item);
    t.equal(await outcome.textContent(), 'Passed');
    await desk.startShift();
    await desk.available();
    await desk.notReady();
    await desk.waitForState('not-ready');
  });

  await t.test('every eighth packet is lost: told in plain words, and no call comes', async (t) => {
    way.lossEvery = 8;
    await page.getByRole('button', { name: 'Check of your place of work', exact: true }).click();
    const result = await check('Check again');
    way.lossEvery = 0;
    const { up, down } = result.line!;
    for (const [name, figures] of Object.entries({ up, down }))
      t.ok(Math.abs(figures!.lossPercent - 12.5) <= 3, `${name}: ${figures!.lossPercent} % of 12.5`);
    t.match(result, { passed: false });
    t.equal(await outcome.textContent(), 'Not passed');
    await page.getByText(/\d % of the packets were lost; no more than 2 will do\. Use a cable/).waitFor();
    await page.getByText('You cannot take calls yet').waitFor();
    await page.getByRole('button', { name: 'Available', exact: true }).click();
    await page.getByText('Your check before the shift is missing, was not passed').waitFor();
    t.equal(await desk.state(), 'not-ready');
    t.match((await rowOf()).environment, { state: 'failed', required: true, byTelephone: false });
    const waiting = async (many: number) => {
      const { items } = await engawa.get<{ items: QueueView[] }>('/api/v1/queues');
      return items.reduce((sum, queue) => sum + queue.waiting, 0) === many;
    };
    await desk.placeTestCall();
    await eventually('a customer waits', () => waiting(1), { withinMs: 60_000 });
    t.match(await rowOf(), { state: 'not-ready', callId: null }, 'and is offered to nobody');
    const { items } = await engawa.get<{ items: { id: string }[] }>('/api/v1/calls?limit=1');
    await engawa.post(`/api/v1/calls/${items[0]!.id}/commands/hangup`);
    await eventually('nobody waits', () => waiting(0), { withinMs: 60_000 });
  });

  await t.test('the report is downloaded, and says the same', async (t) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download report' }).click(),
    ]);
    t.match(download.suggestedFilename(), /^environment-check-ec_\w+\.html$/);
    const html = readFileSync(await download.path(), 'utf8');
    t.match(html, /Check before the shift: not passed[\s\S]*hanako[\s\S]*of the packets were lost/);
    t.notOk(html.includes((await rowOf()).person.displayName));
  });

  await t.test('with an own telephone the day goes on', async (t) => {
    const administrator = await addAdministrator(engawa, 'kanri', { ENGAWA_TURN_SECRET: coturn.secret });
    const { person } = await rowOf();
    await administrator.rest('PUT', `/api/v1/users/${person.id}/telephone`, { number: '080-5555-7788' });
    await page.getByText('Your calls go to your own telephone until a check is passed.').waitFor();
    await desk.available();
    t.match(await rowOf(), { device: 'telephone', state: 'available', environment: { byTelephone: true } });
    await desk.notReady();
    await desk.waitForState('not-ready');
  });

  await t.test('a supervisor sees it, with every figure', async () => {
    const context = await desk.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const board = await context.newPage();
    await board.goto(new URL('/?lang=en', engawa.url).href);
    await signIn(board, 'en', 'midori', engawa.passwordOf('midori'));
    const { person } = await rowOf();
    await board.getByRole('row', { name: person.displayName }).getByText('Not passed').waitFor();
    await board.getByRole('button', { name: 'Checks before shifts' }).click();
    const failed = board.locator('details', { hasText: person.displayName }).filter({ hasText: 'Not passed' });
    await failed.locator('summary').click();
    await failed.getByText(/of the packets were lost/).waitFor();
    await failed.getByText('You to the server').waitFor();
    await context.close();
  });

  t.strictSame(
    desk.errors().filter((error) => !error.includes('status of 409') && !error.includes('status of 401')),
    [],
    'nothing went wrong in the page',
  );
});
