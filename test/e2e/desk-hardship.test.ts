// What homes do to a desk: the headset is pulled out, the computer sleeps, the network becomes another one. The call goes on,
// or comes back by itself, and the desk says what it does.

import t from 'tap';
import { openDesk } from '../support/centre/desk-page.ts';
import { aWhile, hearsMusic, numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { createRecordingProxy } from '../support/recording/recording-proxy.ts';
import { childPids } from '../support/servers/child-processes.ts';
import { signal } from '../support/servers/running-parts.ts';

t.setTimeout(300_000);
const agentHz = 660;
const customerHz = 440;

const centre = await startCentre(t, {
  config: { media: { kind: 'embedded', mediaTimeoutSeconds: 3 } },
  calls: { reattachSeconds: 120 },
});
const proxy = await createRecordingProxy({ host: '127.0.0.1', port: centre.engawa.port });
t.teardown(() => proxy.close());
const desk = await openDesk(t, {
  url: `http://127.0.0.1:${proxy.port}`,
  login: 'hanako',
  password: centre.engawa.passwordOf('hanako'),
  toneHz: agentHz,
  patienceMs: 60_000,
});
const { page } = desk;

const lines = () => page.evaluate('window.__lines.length') as Promise<number>;
const banner = page.locator('.banners');

async function inCall() {
  // Refused for the half second in which the softphone reconnects.
  await eventually(
    'available',
    async () => {
      if ((await desk.state()) !== 'available')
        await page.getByRole('button', { name: 'Available', exact: true }).click();
      return (await desk.state()) === 'available';
    },
    { withinMs: 60_000, everyMs: 500 },
  );
  const customer = await centre.callIn(numbers.product, customerHz);
  await desk.answer();
  await desk.waitToHear([customerHz]);
  const hearsAgent = () =>
    eventually('the customer hears the agent', () => customer.hears().includes(agentHz), { withinMs: 60_000 });
  await hearsAgent();
  return { customer, hearsAgent };
}

async function ends(customer: { hangUp(): void }): Promise<void> {
  customer.hangUp();
  await page.getByRole('button', { name: 'Hang up', exact: true }).waitFor({ state: 'detached' });
  await centre.atRest();
}

/** Chromium with all its processes. */
function browserPids(parent = process.pid, words = 'remote-debugging'): number[] {
  return childPids(parent, words).flatMap((pid) => [pid, ...browserPids(pid, '')]);
}

t.test('the headset is pulled out in a call: the default microphone takes its place, muted as it was', async (t) => {
  await page.evaluate(`(() => {
    const media = navigator.mediaDevices;
    const all = media.enumerateDevices.bind(media);
    window.__unplugged = new Set();
    media.enumerateDevices = async () => (await all()).filter(({ deviceId }) => !window.__unplugged.has(deviceId));
    window.__microphones = () => window.__lines.at(-1).connection.getSenders().map(({ track }) => track);
    window.__unplug = () => {
      for (const track of window.__microphones()) {
        window.__unplugged.add(track.getSettings().deviceId);
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
      media.dispatchEvent(new Event('devicechange'));
    };
  })()`);
  const { customer, hearsAgent } = await inCall();
  await page.getByRole('button', { name: 'Microphone and speaker' }).click();
  await page.getByRole('button', { name: /Microphone$/ }).click();
  const choices = await page.getByRole('option').allInnerTexts();
  await page.getByRole('option', { name: choices.at(-1)!, exact: true }).click();
  await hearsAgent();
  await desk.mute();
  await page.evaluate('window.__unplug()');
  await banner
    .getByText(/went away|was unplugged/)
    .first()
    .waitFor();
  await eventually('another microphone is in use', () =>
    page.evaluate(`window.__microphones()[0].readyState === 'live'`),
  );
  t.equal(await page.evaluate('window.__microphones()[0].enabled'), false, 'muted as before');
  await desk.unmute();
  await hearsAgent();
  await ends(customer);
});

t.test('the computer sleeps in a call, and its connections are forgotten meanwhile', async () => {
  const { customer, hearsAgent } = await inCall();
  const before = await lines();
  signal(browserPids(), 'SIGSTOP');
  try {
    await hearsMusic(customer, [agentHz]);
    proxy.forget();
    // Longer than the desk takes for a slow moment.
    await aWhile(14_000);
  } finally {
    signal(browserPids(), 'SIGCONT');
  }
  const woke = Date.now();
  await eventually('the server calls this desk again', async () => (await lines()) > before, { withinMs: 60_000 });
  await desk.waitToHear([customerHz], 60_000);
  await hearsAgent();
  t.comment(`both hear each other ${Date.now() - woke} ms after waking`);
  await ends(customer);
});

t.test('another network in a call: what was open is dead, and the browser says that it is online', async () => {
  const { customer, hearsAgent } = await inCall();
  const before = await lines();
  await page.context().setOffline(true);
  proxy.forget();
  await page.context().setOffline(false);
  const changed = Date.now();
  await eventually('the server calls this desk again', async () => (await lines()) > before, { withinMs: 60_000 });
  await desk.waitToHear([customerHz], 60_000);
  await hearsAgent();
  t.comment(`a new line ${Date.now() - changed} ms after the change`);
  await desk.hold();
  await desk.resume();
  await ends(customer);
});

t.test('connections die without a word while nobody calls: both are replaced, and the next call rings', async (t) => {
  await desk.available();
  const registered = () => centre.engawa.log().split('softphone registered').length;
  const before = registered();
  proxy.forget();
  const died = Date.now();
  await eventually('the desk registers over a new connection', () => registered() > before, { withinMs: 120_000 });
  t.comment(`${Date.now() - died} ms after the connections died`);
  const { customer } = await inCall();
  await ends(customer);
});
