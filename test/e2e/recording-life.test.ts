// What becomes of a recording, and who is shut out at the border, in real browsers: a supervisor places a hold, an administrator ends it,
// exports and deletes with a receipt; each of it with proof and purpose, and in the audit log. Who may not is not offered it.

import { readFileSync } from 'node:fs';
import t from 'tap';
import { addAdministrator, administratorPassword } from '../support/centre/administrator.ts';
import { launchChromium } from '../support/centre/chromium.ts';
import { openPage } from '../support/centre/signed-in-page.ts';
import { numbers, startCentre, talkWith } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/recording/opened-audio.ts';
import { createUdpParty } from '../support/sip/sip-party.ts';

t.setTimeout(420_000);

const retention = { days: 365, rules: [{ queues: ['general'], days: 90 }] };
const centre = await startCentre(t, { config: { recording: { retention } } });
const { engawa } = centre;
const root = await addAdministrator(engawa);
const { browser, close } = await launchChromium();
t.teardown(close);
const pageOf = (login: string, password = engawa.passwordOf(login)) =>
  openPage(browser, { url: engawa.url, login, password });

const hanako = await centre.desk('hanako', 660);
const { customer, callId } = await talkWith(centre, hanako, {
  ...{ number: numbers.product, customerHz: 440, agentHz: 660 },
});
customer.hangUp();
const [recordingId] = (await centre.endedCall(callId)).recordingIds;
interface Life {
  storedAt: number | null;
  held: boolean;
  shreddedAt: number | null;
  holds: { matter: string; placedByName: string; releasePurpose: string }[];
}
async function life(): Promise<Life> {
  const { status, body } = await root.rest<Life>('GET', `/api/v1/recordings/${recordingId}/life`);
  if (status !== 200) throw new Error(`life of ${recordingId}: ${status} ${JSON.stringify(body)}`);
  return body;
}
await eventually('the recording is in the archive', async () => (await life()).storedAt !== null, {
  withinMs: 60_000,
  everyMs: 250,
});
interface Kept {
  seq: number;
  hash: string;
  details: { purpose?: string };
}
const acts = async (act: string) => (await root.rest<{ items: Kept[] }>('GET', `/api/v1/audit?act=${act}`)).body.items;

t.test('a supervisor sees until when it is kept and why, and places a hold', async (t) => {
  const midori = await pageOf('midori');
  await midori.button('Recordings').click();
  await midori.button(/^How long the recording of/).click();
  const dialog = midori.page.getByRole('dialog', { name: /^Recording of/ });
  await dialog.getByText(/It is deleted on .*: 90 days after its end, by the rule for queue general\./).waitFor();
  t.equal(await dialog.getByRole('button', { name: 'Delete this recording …' }).count(), 0, 'is not theirs to delete');
  await dialog.getByRole('button', { name: 'Place a hold …' }).click();
  const place = dialog.getByRole('button', { name: 'Place the hold' });
  await dialog.getByLabel(/^Matter/).fill('Case 7');
  t.ok(await place.isDisabled(), 'not without a reason');
  await dialog.getByLabel('Why must it be kept?').fill('A letter of a lawyer');
  await place.click();
  await midori.proveUntil(() => dialog.getByText(/It is on hold for Case 7\./).isVisible());
  t.equal(await dialog.getByRole('button', { name: /^End the hold/ }).count(), 0, 'an administrator ends it');
  await midori.picture('life-held');
  t.match(await life(), { held: true, holds: [{ matter: 'Case 7', placedByName: '高橋 緑' }] });
  await midori.page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await midori.page.getByText('On hold').waitFor();
  t.equal(await midori.page.getByRole('checkbox').count(), 0, 'nor is it theirs to export');
  t.same(midori.errors(), []);
  await midori.context.close();
});

t.test('an administrator exports it, ends the hold, deletes it and saves the receipt', async (t) => {
  const kanri = await pageOf('kanri', administratorPassword);
  const { page, button } = kanri;
  await button('Recordings').click();
  await page.getByText('On hold').waitFor();
  await t.test('as a tar file with what is known of it', async (t) => {
    t.ok(await button('Export …').isDisabled(), 'nothing is chosen');
    await page.getByRole('checkbox', { name: /^Choose the recording of/ }).press('Space');
    await button('Export 1 …').click();
    await page.getByLabel('What is it for?').fill('For the court');
    await kanri.picture('export', ['English']);
    const saved = page.waitForEvent('download');
    await button('Export').click();
    await kanri.proveUntil(() => page.getByText(/was handed to the browser/).isVisible());
    const listed = run('tar', ['-tf', await (await saved).path()]).stdout.toString();
    t.match(listed, `${recordingId}/recording.json`);
    t.match(listed, 'manifest.json');
    t.match(await acts('recording-exported'), [{ details: { purpose: 'For the court' } }]);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  });
  await button(/^How long the recording of/).click();
  const dialog = page.getByRole('dialog', { name: /^Recording of/ });
  await dialog.getByText('It is on hold. End the holds first.').waitFor();
  await dialog.getByRole('button', { name: 'End the hold for Case 7' }).click();
  await dialog.getByLabel('Why may it end?').fill('The case is closed');
  await dialog.getByRole('button', { name: 'End the hold', exact: true }).click();
  await kanri.proveUntil(() => dialog.getByText(/^Ended by/).isVisible());
  await dialog.getByRole('button', { name: 'Delete this recording …' }).click();
  await dialog.getByLabel('Why is it deleted?').fill('The customer asked for it');
  await kanri.picture('life-delete');
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await kanri.proveUntil(() => dialog.getByRole('heading', { name: 'Receipt' }).isVisible());
  await kanri.picture('life-receipt');
  const saved = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Save receipt' }).click();
  const receipt = JSON.parse(readFileSync(await (await saved).path(), 'utf8'));
  const [kept] = await acts('recording-shredded');
  t.match(receipt, {
    ...{ recordingId, purpose: 'The customer asked for it', facts: { payload: 'removed' } },
    entry: { seq: kept!.seq, hash: kept!.hash },
  });
  await dialog.getByText(/Nobody can open it any more/).waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Deleted', { exact: true }).waitFor();
  t.equal(await page.getByRole('checkbox').isDisabled(), true, 'and is not exported any more');
  t.match(await life(), { held: false, holds: [{ releasePurpose: 'The case is closed' }] });
  t.same(kanri.errors(), []);
  await kanri.context.close();
});

t.test('who scans is on the page of blocked addresses, and is let in again with a reason', async (t) => {
  const scanner = await createUdpParty(engawa.sip, '127.66.0.9');
  t.teardown(() => scanner.close());
  await eventually('it is shut out', async () => {
    scanner.send(
      [
        `OPTIONS sip:100@${engawa.sip.host} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.66.0.9:${scanner.port};branch=z9hG4bK${Date.now()}`,
        'From: <sip:100@127.66.0.9>;tag=1',
        `To: <sip:100@${engawa.sip.host}>`,
        `Call-ID: ${Date.now()}@scan`,
        'CSeq: 1 OPTIONS',
        'Max-Forwards: 70',
        'User-Agent: friendly-scanner',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
    const { items } = await engawa.get<{ items: object[] }>('/api/v1/blocks');
    return items.length > 0;
  });
  const midori = await pageOf('midori');
  await midori.button('Blocked addresses').click();
  await midori.page.getByRole('cell', { name: '127.66.0.9' }).first().waitFor();
  t.equal(await midori.button(/^Let .* in again/).count(), 0, 'a supervisor looks only');
  await midori.context.close();

  const kanri = await pageOf('kanri', administratorPassword);
  await kanri.button('Blocked addresses').click();
  await kanri.page.getByText('Scanner: looks for telephone systems to break into').first().waitFor();
  await kanri.picture('blocked');
  await kanri.button('Let 127.66.0.9 in again').click();
  await kanri.picture('let-in', ['English']);
  await kanri.page.getByLabel('Why may it come in again?').fill('試験 of our own');
  await kanri.button('Let in again').click();
  await kanri.page.getByText('Nobody is shut out.').waitFor();
  t.match(await acts('source-let-in'), [{ details: { purpose: '試験 of our own' } }]);
  t.same((await engawa.get<{ items: object[] }>('/api/v1/blocks')).items, []);
  t.same(kanri.errors(), []);
  await kanri.context.close();
});
