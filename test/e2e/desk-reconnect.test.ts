// The desk comes back: a reload in mid-call, a connection that is cut under it, a second tab. The call goes on each time.

import t from 'tap';
import { type DeskPage, openDesk } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { eventually } from '../support/eventually.ts';
import { createRecordingProxy } from '../support/recording/recording-proxy.ts';

t.setTimeout(420_000);
const tone = 550;

const lines = (desk: DeskPage) => desk.page.evaluate('window.__lines.length') as Promise<number>;

t.test('a call survives what happens to the desk', async (t) => {
  const engawa = await startEngawa(t);
  const proxy = await createRecordingProxy({ host: '127.0.0.1', port: engawa.port });
  t.teardown(() => proxy.close());
  const desk = await openDesk(t, {
    url: `http://127.0.0.1:${proxy.port}`,
    login: 'taro',
    password: engawa.passwordOf('taro'),
    toneHz: tone,
    patienceMs: 60_000,
  });
  const { page } = desk;
  await desk.available();
  await desk.placeTestCall();
  await desk.answer();
  await desk.waitToHear([tone]);
  const alias = await desk.alias();

  await t.test('a reload: the softphone starts by itself and has the call again', async (t) => {
    const startedAt = Date.now();
    await desk.reload();
    await desk.waitForState('on-call');
    await desk.waitToHear([tone]);
    t.comment(`heard again ${Date.now() - startedAt} ms after the reload began`);
    t.equal(await desk.alias(), alias);
  });

  await t.test('every connection is cut: feed and softphone come back, and so does the audio', async (t) => {
    const before = await lines(desk);
    const startedAt = Date.now();
    proxy.cut();
    await eventually('the server calls this desk again', async () => (await lines(desk)) > before, {
      withinMs: 30_000,
    });
    await desk.waitToHear([tone]);
    t.comment(`a new line carried the tone ${Date.now() - startedAt} ms after the cut`);
    await desk.hold();
    await desk.resume();
    await desk.waitToHear([tone]);
    t.equal(await desk.alias(), alias);
  });

  await t.test('muted stays muted over a reload', async () => {
    await desk.mute();
    await desk.reload();
    await page.getByRole('button', { name: 'Unmute' }).waitFor();
    await desk.waitForState('on-call');
    await eventually('the call has audio here again', async () => (await lines(desk)) > 0, { withinMs: 30_000 });
    await desk.waitToHear([]);
    await desk.unmute();
    await desk.waitToHear([tone]);
  });

  await t.test('where the browser plays nothing before a click, one button brings the sound back', async () => {
    await page.addInitScript(`
      const play = HTMLMediaElement.prototype.play;
      let clicked = false;
      addEventListener('pointerdown', () => (clicked = true), { capture: true });
      HTMLMediaElement.prototype.play = function () {
        return clicked ? play.call(this) : Promise.reject(new DOMException('no gesture yet', 'NotAllowedError'));
      };
    `);
    await desk.reload();
    const resume = page.getByRole('button', { name: 'Resume audio' });
    await resume.click();
    await resume.waitFor({ state: 'detached' });
    await desk.waitToHear([tone]);
  });

  await t.test('another tab takes over, and the call moves to it', async (t) => {
    const second = await page.context().newPage();
    await second.goto(page.url());
    await second.getByRole('button', { name: 'Take over here' }).click();
    await second.getByRole('button', { name: 'Start shift' }).click();
    await second.getByRole('button', { name: 'Hang up' }).waitFor();
    await eventually('the call has audio in the second tab', async () =>
      second.evaluate("window.__lines.some(({ connection }) => connection.connectionState === 'connected')"),
    );
    t.equal(await second.getByTestId('alias').textContent(), alias);
    await second.close();
    await page.getByRole('button', { name: 'Take over here' }).click();
    await page.getByRole('button', { name: 'Start shift' }).click();
    await desk.waitForState('on-call');
    await desk.waitToHear([tone]);
  });

  await t.test('the softphone is cut while the agent hangs up: the desk is free all the same', async () => {
    await desk.hangUp();
    proxy.cut();
    await page.getByRole('button', { name: 'Done' }).waitFor();
    await desk.done();
    await eventually('no line is left', async () =>
      page.evaluate("window.__lines.every(({ connection }) => connection.connectionState === 'closed')"),
    );
  });

  await t.test('the next call rings and is heard', async () => {
    await desk.placeTestCall();
    await desk.answer();
    await desk.waitToHear([tone]);
    await desk.hangUp();
  });
});
