// A whole call at the desk with the simulated customer, who echoes: what the agent says is what the agent hears.

import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { openDesk } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';

t.setTimeout(420_000);
const tone = 440;

t.test('a test call from ring to after-call work', async (t) => {
  const engawa = await startEngawa(t);
  const desk = await openDesk(t, {
    url: engawa.url,
    login: 'taro',
    password: engawa.passwordOf('taro'),
    toneHz: tone,
    patienceMs: 60_000,
  });
  const { page } = desk;
  await desk.available();
  await desk.placeTestCall();

  await t.test('it rings with its reason, its class of personal information and an alias', async (t) => {
    await page.getByRole('button', { name: 'Answer', exact: true }).waitFor();
    const card = page.getByRole('region', { name: 'Incoming call' });
    await card.getByText('Contract check or change', { exact: true }).waitFor();
    await card.getByText('Personal information', { exact: true }).waitFor();
    t.match(await desk.alias(), /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    await desk.waitForState('alerting');
    t.match(await page.getByRole('alert').allInnerTexts(), [/Incoming call\. Contract check or change/]);
  });

  await t.test('answered by a shortcut, both hear each other', async () => {
    await page.keyboard.press('Alt+KeyA');
    await desk.waitForState('on-call');
    await desk.waitToHear([tone]);
    await page.getByText('Recording', { exact: true }).waitFor();
    await page.getByText('Good line', { exact: true }).waitFor();
  });

  await t.test('mute, hold and digits do what they say', async () => {
    await desk.mute();
    await desk.waitToHear([]);
    await page.getByText('The customer cannot hear you').waitFor();
    await desk.unmute();
    await desk.waitToHear([tone]);
    await desk.hold();
    await page.getByText('On hold for').waitFor();
    await desk.waitToHear([]);
    await desk.resume();
    await desk.waitToHear([tone]);
    await desk.digits('42#');
    await page.getByText('Sent: 42#').waitFor();
  });

  await t.test('the recording pauses by hand, and says so', async () => {
    await page.getByText('Recording', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pause recording' }).click();
    await page.getByText('Recording paused', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Record again' }).click();
    await page.getByText('Recording', { exact: true }).waitFor();
  });

  await t.test('another microphone takes over in the call, on the same line', async (t) => {
    const deviceOf = () =>
      page.evaluate('window.__lines.at(-1).connection.getSenders()[0].track.getSettings().deviceId') as Promise<string>;
    const before = await deviceOf();
    await page.getByRole('button', { name: 'Microphone and speaker' }).click();
    await page.getByRole('button', { name: /Microphone$/ }).click();
    await page.getByRole('option').last().click();
    await eventually('the sender has another track', async () => (await deviceOf()) !== before);
    await desk.waitToHear([tone]);
    t.equal(await page.evaluate('window.__lines.length'), 1);
  });

  await t.test('the next state is chosen during the call', async () => {
    await desk.notReady('Lunch');
    await page.getByText('After this call: Not ready').waitFor();
  });

  await t.test('hung up; the call is in the list, and its record is right', async (t) => {
    const alias = await desk.alias();
    await desk.hangUp();
    await desk.waitForState('not-ready');
    await page.getByRole('button', { name: `Call back ${alias}` }).waitFor();
    const [call] = await eventually('the call record', async () => {
      const { items } = await engawa.get<{ items: CallView[] }>('/api/v1/calls');
      return items[0]?.endedAt ? items : undefined;
    });
    t.match(call, { alias, direction: 'inbound', reason: 'contract-change', cause: 'normal', side: 'agent' });
    t.ok(call!.holdMs > 0);
  });

  await t.test('a call may be declined: it waits on, the agent is not ready', async () => {
    await desk.available();
    await desk.placeTestCall();
    await desk.decline();
    await desk.waitForState('not-ready');
    await page.getByText('A call was declined').waitFor();
    await page.getByText('1 waiting').waitFor();
    await page.getByRole('button', { name: 'Available', exact: true }).click();
    await desk.answer();
    await desk.waitToHear([tone]);
    await desk.hangUp();
  });

  await t.test('after-call work ends when the agent says so', async () => {
    await desk.done();
  });

  await t.test('without a microphone the page says what to do, and the call goes back to its queue', async () => {
    await page.evaluate(`navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('Permission denied', 'NotAllowedError'))`);
    await desk.placeTestCall();
    await page.getByRole('button', { name: 'Answer', exact: true }).click();
    await page.getByText('The browser does not let this page use the microphone').waitFor();
    await desk.waitForState('not-ready');
    await page.getByText('1 waiting').waitFor();
  });

  t.strictSame(
    desk.errors().filter((error) => !error.includes('status of 401')),
    [],
    'nothing went wrong in the page',
  );
});
