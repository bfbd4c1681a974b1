// Who may take what, with the whole program: the typhoon switch, rules read again while calls wait, and what a supervisor can
// look up afterwards. aoi works at home and is prepared for it; taro is in the centre.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { SessionView } from '../../src/api/contract.ts';
import type { DecisionView } from '../../src/api/contracts/policy.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/recording/opened-audio.ts';

const folder = mkdtempSync(join(tmpdir(), 'engawa-rules-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'policy.yaml');
const shipped = readFileSync(join(projectRoot, 'config', 'policy.yaml'), 'utf8');
writeFileSync(file, shipped);

const centre = await startCentre(t, { config: { policy: { file } } });
const { engawa } = centre;
const aoi = await centre.desk('aoi', 660);
const taro = await centre.desk('taro', 790);
const midori = await signedIn('midori', engawa.passwordOf('midori'));

t.afterEach(async () => {
  await rest(aoi, taro);
  await centre.atRest();
});

/** REST as a person. */
async function signedIn(login: string, password: string) {
  const headers = { 'content-type': 'application/json', origin: engawa.url };
  const answer = await fetch(new URL('/api/v1/session', engawa.url), {
    ...{ method: 'POST', headers },
    body: JSON.stringify({ login, password }),
  });
  if (!answer.ok) throw new Error(`${login} cannot sign in: ${answer.status}`);
  const cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
  const { csrfToken, person } = (await answer.json()) as SessionView;
  return {
    personId: person.id,
    async ask<T>(method: string, path: string, body?: object): Promise<T> {
      const response = await fetch(new URL(`/api/v1${path}`, engawa.url), {
        method,
        headers: { ...(body ? headers : { origin: engawa.url }), cookie, 'x-csrf-token': csrfToken },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
  };
}

async function administrator() {
  const password = 'correct horse battery staple';
  const cli = join(projectRoot, 'dist/src/cli/engawa.js');
  const config = join(engawa.dataFolder, 'engawa.yaml');
  const made = run(
    process.execPath,
    [cli, 'user', 'add', 'boss', '--config', config, '--password-stdin'],
    Buffer.from(`${password}\n`),
  );
  if (made.status !== 0) throw new Error(`engawa user add: ${made.stderr}`);
  return signedIn('boss', password);
}

const switchTo = (operation: string, why?: string) =>
  midori.ask('PUT', '/operation', { operation, ...(why && { why }) });
const decisions = async (query: string) =>
  (await midori.ask<{ items: DecisionView[] }>('GET', `/decisions?${query}`)).items;

async function newestCall(): Promise<string> {
  const { items } = await engawa.get<{ items: { id: string }[] }>('/api/v1/calls?limit=1');
  return items[0]!.id;
}

t.test('calls about contracts stay in the centre until the typhoon comes, and again when it is over', async (t) => {
  await aoi.setState('available');
  const customer = await centre.callIn(numbers.contract, 440);
  await hearsMusic(customer, []);
  const callId = await newestCall();
  const [refused] = await eventually(
    'the refusal can be looked up',
    async () => {
      const found = await decisions(`callId=${callId}`);
      return found.length > 0 ? found : undefined;
    },
    { withinMs: 30_000 },
  );
  t.match(refused, {
    ...{ decision: 'refused', personId: aoi.personId, queue: 'contracts', rule: 'personal-in-the-centre' },
    alias: String,
    because: {
      code: 'place',
      en: 'not offered: “Contract check or change” touches personal information; at home today',
      ja: '割り当て不可：「ご契約内容の確認・変更」は個人情報に触れます。本日は在宅勤務です',
    },
  });
  await aWhile(1000);
  t.equal(aoi.line, undefined, 'the desk at home does not ring');

  t.match(await switchTo('all-home', 'Typhoon 14'), { operation: 'all-home', by: 'hand', personId: midori.personId });
  await aoi.rings();
  await aoi.answer();
  await hear('who is prepared for it has the call at home', [
    [customer, [660]],
    [aoi, [440]],
  ]);
  t.match(await decisions(`callId=${callId}&decision=offered`), [{ personId: aoi.personId, rule: 'personal-at-home' }]);
  const told = await eventually('the feed of the desk tells the mode', () =>
    aoi.feed.find(({ data }) => data.type === 'operation-changed'),
  );
  t.match(told.data, { operation: 'all-home', why: null, personId: null });
  customer.hangUp();
  await rest(aoi);

  await switchTo('by-schedule');
  t.match(await midori.ask('GET', '/operation'), { operation: 'normal', by: 'schedule', why: null });
  await aoi.setState('available');
  const next = await centre.callIn(numbers.contract, 550);
  await hearsMusic(next, []);
  await aWhile(1000);
  t.equal(aoi.line, undefined, 'and the desk at home does not ring any more');
  await taro.setState('available');
  await taro.rings();
  await taro.answer();
  await hear('the centre has the call', [
    [next, [790]],
    [taro, [550]],
  ]);
  next.hangUp();
});

t.test('an offer that is on its way is taken back when the mode changes', async (t) => {
  await switchTo('all-home');
  await aoi.setState('available');
  const customer = await centre.callIn(numbers.contract, 440);
  const line = await aoi.rings();
  await switchTo('by-schedule');
  await eventually('the desk stops ringing', () => line.state === 'ended', { withinMs: 30_000 });
  await aoi.inState('available');
  await taro.setState('available');
  await taro.rings();
  t.equal(aoi.line, undefined);
  customer.hangUp();
});

t.test('the command line explains a decision, and does the day again under other rules', async (t) => {
  const cli = join(projectRoot, 'dist/src/cli/engawa.js');
  const config = join(engawa.dataFolder, 'engawa.yaml');
  const policy = (...args: string[]) => run(process.execPath, [cli, 'policy', ...args, '--config', config]);
  const asked = ['explain', 'aoi', '--place', 'home', '--reason', 'contract-change'];
  const refused = policy(...asked);
  t.equal(refused.status, 1, refused.stderr);
  t.match(
    refused.stdout.toString(),
    /^not offered: “Contract check or change” touches personal information; at home today/,
  );
  t.match(refused.stdout.toString(), /→ personal-in-the-centre +lacking: at home today/);
  const allowed = policy(...asked, '--operation', 'all-home');
  t.equal(allowed.status, 0, allowed.stderr);
  t.match(allowed.stdout.toString(), /by the rule "personal-at-home"/);

  const free = join(folder, 'free.yaml');
  writeFileSync(free, 'rules: {}\n');
  const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
  const simulated = policy('simulate', free, '--day', today, '--json');
  t.equal(simulated.status, 0, simulated.stderr);
  type Simulated = { calls: { asItWas: { answeredBy: string }; changed: { answeredBy: string }; refused: object[] }[] };
  const { calls } = JSON.parse(simulated.stdout.toString()) as Simulated;
  t.same(
    calls.map(({ asItWas }) => asItWas.answeredBy),
    ['aoi', 'taro', null],
  );
  t.equal(calls[1]?.changed.answeredBy, 'aoi', 'who was passed over by rule would have had it');
  const table = policy('simulate', free, '--day', today, '--calls');
  t.match(table.stdout.toString(), /contracts +as it was +in force, simulated +changed, simulated/);
});

t.test('who may not take a call about a contract may not begin one either', async (t) => {
  const customer = await centre.callIn(numbers.contract, 440);
  await hearsMusic(customer, []);
  const { alias } = await centre.call(await newestCall());
  customer.hangUp();
  await centre.atRest();
  const refused = await aoi.dial({ alias: alias! });
  t.match(refused, { status: 403, body: { code: 'dial-class' } }, 'what the last call was about counts');
  const asked = await aoi.dial({ number: '08011112222' }, 'contract-change');
  t.match(asked, { status: 403, body: { code: 'dial-class' } }, 'and so does what is said');
  t.match(await aoi.dial({ number: '08011112222' }, 'nothing'), { body: { code: 'no-such-reason' } });
  await switchTo('all-home', 'Typhoon 14');
  centre.carrier.next({ answer: { toneHz: 440 } });
  const { status, body } = await aoi.dial({ alias: alias! });
  t.equal(status, 201, 'who is prepared for it may, when everybody works at home');
  await aoi.shows('connected', (desk) => desk.call?.state === 'connected');
  t.match(await centre.call(body.callId), { reason: 'contract-change', piiClass: 'personal' });
  await aoi.command('hangup');
  await switchTo('by-schedule');
});

t.test(
  'rules are read again without a restart, and a file with a mistake leaves those of before in force',
  async (t) => {
    const boss = await administrator();
    type Reloaded = { version: string; changed: boolean; problems: object[] };
    const { version } = await midori.ask<Reloaded>('GET', '/policy');
    writeFileSync(file, shipped.replace('place: centre', 'place: center'));
    const line = shipped.slice(0, shipped.indexOf('place: centre')).split('\n').length;
    const broken = await boss.ask<Reloaded>('POST', '/policy/reload');
    t.match(broken, { version, changed: false });
    t.match(broken.problems, [
      {
        ...{ severity: 'error', file, line, column: 14 },
        message:
          'rule "personal-in-the-centre": "place" must be centre or home or a list, not "center"; did you mean "centre"?',
      },
    ]);
    const cli = join(projectRoot, 'dist/src/cli/engawa.js');
    const checked = run(process.execPath, [cli, 'policy', 'check', file]);
    t.equal(checked.status, 1);
    t.match(checked.stdout.toString(), `${file}:${line}:14: error: rule "personal-in-the-centre"`);

    await aoi.setState('available');
    const customer = await centre.callIn(numbers.contract, 440);
    await hearsMusic(customer, []);
    t.equal(aoi.line, undefined);
    writeFileSync(file, 'rules: {}\n');
    engawa.child.kill('SIGHUP');
    await aoi.rings();
    customer.hangUp();
    await rest(aoi);
    writeFileSync(file, shipped);
    t.match(await boss.ask<Reloaded>('POST', '/policy/reload'), { version, changed: true, problems: [] });
  },
);
