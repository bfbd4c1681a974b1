// Privacy when things go wrong: an agent at home, in Chromium, through refusals, failed calls, lost connections and a database
// that is away. Every byte the browser receives is kept and searched for the numbers of the customers; so is the log, and
// what the carrier receives is searched for the agent. What is refused is said by the page in the person's language.

import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { refusedEn, refusedJa } from '../../web-softphone/src/text/refusals.ts';
import { openDesk } from '../support/centre/desk-page.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { createRecordingProxy } from '../support/recording/recording-proxy.ts';
import { databasePids, signal } from '../support/servers/running-parts.ts';

t.setTimeout(300_000);

const agentHz = 660;
const customerHz = 440;
/** Customers: who calls and is called back, who gives up, who is dialled by hand and by whose alias a call is forbidden. */
const [regular, impatient, dialled, abroad] = ['09012345678', '08087654321', '08011112486', '+12125550123'];
const canonical = [regular, impatient, dialled].map((number) => number.replace(/^0/, '+81')).concat(abroad);

const centre = await startCentre(t, { ringTimeoutSeconds: 60 });
const { carrier, engawa } = centre;
const proxy = await createRecordingProxy({ host: '127.0.0.1', port: engawa.port });
t.teardown(() => proxy.close());
const desk = await openDesk(t, {
  url: `http://127.0.0.1:${proxy.port}`,
  login: 'hanako',
  password: engawa.passwordOf('hanako'),
  toneHz: agentHz,
  patienceMs: 60_000,
});
const { page } = desk;
const banner = page.locator('.banners');

interface Answer {
  status: number;
  text: string;
}

/** What the page itself would not ask, asked from inside the page. */
function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const run = `(async () => {
    const { csrfToken } = await (await fetch('/api/v1/session')).json();
    const headers = { 'content-type': 'application/json', 'x-csrf-token': csrfToken };
    const body = ${JSON.stringify(JSON.stringify(body ?? {}))};
    const response = await fetch(${JSON.stringify(path)}, { method: '${method}', headers, ...(${method !== 'GET'} ? { body } : {}) });
    return { status: response.status, text: await response.text() };
  })()`;
  return page.evaluate(run) as Promise<Answer>;
}

const newest = async () => (await engawa.get<{ items: CallView[] }>('/api/v1/calls?limit=1')).items[0]!;
const free = () => page.locator('[data-testid="agent-state"]:not([data-state="on-call"])').waitFor();

async function aliasOf(from: string): Promise<string> {
  const customer = await centre.callIn(numbers.noReason, customerHz, from);
  const { alias } = await eventually(
    'the call is known',
    async () => {
      const call = await newest();
      return call.queue !== null && call.alias !== null && call.endedAt === null ? call : undefined;
    },
    { withinMs: 15_000, everyMs: 100 },
  );
  customer.hangUp();
  await centre.atRest();
  return alias!;
}

t.test('numbers that are refused: the page says why, in English and in Japanese', async (t) => {
  const alias = await aliasOf(abroad);
  const refused = [
    ['110', 'dial-emergency'],
    [abroad, 'dial-international'],
    ['0990123456', 'dial-premium'],
    ['03-12', 'dial-unknown'],
    ['ZZZZ-ZZZZ', 'unknown-alias'],
    [alias, 'dial-international'],
  ] as const;
  for (const [typed, code] of refused) {
    await desk.dial(typed);
    await banner.getByText(refusedEn[code], { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
  }
  await page.setViewportSize({ width: 400, height: 800 });
  await desk.dial('03-12');
  await banner.getByText(refusedEn['dial-unknown'], { exact: true }).waitFor();
  const place = await banner.boundingBox();
  t.ok(place && place.y >= 0 && place.y < 400, 'a refusal is in sight on a small screen, too');
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole('radio', { name: '日本語' }).click();
  await banner.getByText(refusedJa['dial-unknown'], { exact: true }).waitFor();
  t.notMatch(await banner.textContent(), /[A-Za-z]{3}/, 'no English in the Japanese page');
  await page.getByRole('radio', { name: 'English' }).click();
});

t.test('busy, refused, unknown to the carrier, and not answered', async (t) => {
  const alias = await aliasOf(regular);
  for (const [target, refuse, cause] of [
    [alias, 486, 'busy'],
    [dialled, 603, 'rejected'],
    [alias, 404, 'not-found'],
    [dialled, 503, 'overload'],
  ] as const) {
    carrier.next({ refuse });
    await desk.dial(target);
    const { id } = await eventually(
      'the call ended',
      async () => {
        const call = await newest();
        return call.cause === cause ? call : undefined;
      },
      { withinMs: 20_000, everyMs: 100 },
    );
    t.match(await centre.endedCall(id), { cause, answeredAt: null });
    await free();
    await centre.atRest();
  }
  carrier.next('ring');
  await desk.dial(alias);
  await page.getByRole('button', { name: 'Hang up', exact: true }).waitFor();
  await eventually('nobody answered', async () => (await newest()).cause === 'no-answer', {
    withinMs: 30_000,
    everyMs: 200,
  });
  await free();
  await centre.atRest();
});

t.test('the customer gives up while the desk rings', async () => {
  await desk.available();
  const customer = await centre.callIn(numbers.product, customerHz, impatient);
  await page.getByRole('button', { name: 'Answer', exact: true }).waitFor();
  customer.hangUp();
  await desk.waitForState('available');
  await centre.atRest();
});

t.test('in a call: wrong commands, a cut connection, then commands to what is over', async (t) => {
  const customer = await centre.callIn(numbers.product, customerHz, regular);
  await desk.answer();
  await desk.waitToHear([customerHz]);
  const { id } = await newest();
  const command = (name: string, body?: unknown) => ask('POST', `/api/v1/calls/${id}/commands/${name}`, body);
  t.match(await command('transfer', { queue: 'no-such-queue' }), { status: 409, text: /"code":"no-such-queue"/ });
  t.match(await command('resume'), { status: 409, text: /"code":"not-held"/ });
  t.equal((await command('hold')).status, 204);
  t.match(await command('hold'), { status: 409, text: /"code":"already-held"/ });
  t.equal((await command('resume')).status, 204);
  t.equal((await command('digits', { digits: 'not digits' })).status, 400);
  t.equal((await command('explode')).status, 404);
  t.match(await ask('POST', '/api/v1/calls', { to: { number: dialled } }), { status: 409, text: /in-call-already/ });
  t.equal((await ask('GET', `/api/v1/calls/${id}/events`)).status, 200);

  proxy.cut();
  await desk.waitToHear([customerHz], 60_000);
  customer.hangUp();
  await page.getByRole('button', { name: 'Hang up', exact: true }).waitFor({ state: 'detached' });
  await centre.endedCall(id);
  for (const name of ['hold', 'resume', 'hangup', 'attach', 'mute'])
    t.match(await command(name), { status: 404, text: /"code":"call-over"/ }, name);
  t.equal((await ask('GET', `/api/v1/recordings/${id}/file`)).status, 403);
});

t.test('the database is away: an answer all the same, without a number', async (t) => {
  const processes = databasePids(engawa);
  signal(processes, 'SIGSTOP');
  try {
    const answers = await Promise.all([
      ask('GET', '/api/v1/calls?limit=5').catch(String),
      ask('POST', '/api/v1/calls', { to: { alias: 'ABCD-EFGH' } }).catch(String),
    ]);
    for (const answer of answers) t.match(answer, { status: 503, text: /"code":"[a-z-]+"/ });
  } finally {
    signal(processes, 'SIGCONT');
  }
  await eventually('it is back', async () => (await fetch(new URL('/healthz', engawa.url))).ok, {
    withinMs: 60_000,
    everyMs: 200,
  });
});

t.test('no byte of all this held a number, no log line, and the carrier learnt nothing of the agent', async (t) => {
  const home = proxy.toClient();
  const log = engawa.log() + engawa.printed();
  t.ok(home.includes((await newest()).alias!), `the alias is among the ${home.length} bytes that are searched`);
  for (const number of canonical) {
    t.strictSame(findNumber(home, number), [], `${number} at home`);
    t.strictSame(findNumber(log, number), [], `${number} in the log`);
  }
  const outside = carrier.bytes().toLowerCase();
  t.ok(outside.length > 5000);
  for (const word of ['hanako', '花子', '佐藤', 'chrom', 'sip.js', 'desk', 'transport=ws'])
    t.notOk(outside.includes(word), `the carrier does not learn “${word}”`);
});
