// Flows of the running program: published and rolled back by REST while customers are in their menus, followed as files, and
// closed by hand.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CallView, FlowView } from '../../src/api/contract.ts';
import { startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const toneHz = 440;
const menuNumber = '0120000111';
const folder = t.testdir({});
const say = '{ ja: はい。, en: Yes. }';
/** Key 1 leads to this reason. */
const menu = (reason: string) => `flow: menu
start: hours
nodes:
  hours: { hours: always, open: why, closed: bye, closure: closed-by-hand }
  why: { menu: ${say}, choices: { 1: chosen }, timeout-seconds: 30, on-timeout: bye }
  chosen: { reason: ${reason}, next: wait }
  wait: { queue: general }
  bye: { hang-up: ${say} }
  closed-by-hand: { say: ${say}, next: bye }
`;
mkdirSync(join(folder, 'flows'));
const file = join(folder, 'flows/menu.yaml');
writeFileSync(file, menu('contract-change'));
// Nobody in the demo has passed this training.
const policy = join(folder, 'policy.yaml');
writeFileSync(policy, 'rules:\n  payments: { calls: { reason: payment }, needs: { trainings: card-data } }\n');

const centre = await startCentre(t, {
  config: {
    company: { name: 'Test', numbers: [{ number: menuNumber, label: { ja: 'm', en: 'm' }, flow: 'menu' }] },
    flows: { folder: join(folder, 'flows') },
    policy: { file: policy },
  },
});
const { engawa } = centre;

async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(new URL(`/api/v1${path}`, engawa.url), {
    method,
    headers: { authorization: `Bearer ${engawa.apiKey}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}
const present = () => engawa.get<FlowView>('/api/v1/flows/menu');
const newestCall = async () => (await engawa.get<{ items: CallView[] }>('/api/v1/calls?limit=1')).items[0]!;

/** A customer at the menu, with the id of the call. */
async function atTheMenu() {
  const customer = await centre.callIn(menuNumber, toneHz);
  const { id } = await newestCall();
  return { customer, id };
}

async function reasonAfterKey1({ customer, id }: Awaited<ReturnType<typeof atTheMenu>>): Promise<string | null> {
  await customer.digits('1');
  const told = await eventually('the reason is told', async () =>
    (await centre.events(id)).find((event) => event.type === 'reason-set'),
  );
  customer.hangUp();
  await centre.endedCall(id);
  return told.type === 'reason-set' ? told.reason : null;
}

t.test(
  'a version that is published is heard by the next caller, not by one who is in the menu; and back',
  async (t) => {
    const early = await atTheMenu();
    const before = (await present()).version;
    const published = await ask('POST', '/flows/menu/publish', { yaml: menu('product-question') });
    t.match(published, { status: 200, body: { flow: 'menu', version: /^[0-9a-f]{12}$/ } });
    const late = await atTheMenu();
    t.equal(await reasonAfterKey1(early), 'contract-change');
    t.equal(await reasonAfterKey1(late), 'product-question');
    t.match(await ask('GET', '/flows/menu/versions'), {
      body: { items: [{ inForce: true }, { version: before, inForce: false, publishedAt: null }] },
    });
    t.match(await ask('GET', `/flows/menu/versions/${before}`), { body: { yaml: menu('contract-change') } });
    t.match(await ask('POST', '/flows/menu/roll-back', {}), { status: 200, body: { version: before } });
    t.equal(await reasonAfterKey1(await atTheMenu()), 'contract-change');
  },
);

t.test('a version with a mistake is refused with line and column, and what was in force goes on', async (t) => {
  const { version } = await present();
  const refused = await ask('POST', '/flows/menu/publish', { yaml: menu('contract-chnge') });
  t.match(refused, {
    status: 422,
    body: { code: 'flow-invalid', errors: [{ path: 'yaml:6:21', message: /did you mean "contract-change"/ }] },
  });
  t.equal((await present()).version, version);
  t.match(await ask('POST', '/flows/none/publish', {}), { status: 404 });
  t.match(await ask('POST', '/flows/menu/publish', { yaml: menu('payment') }), {
    status: 422,
    body: {
      errors: [
        { message: /of whose people nobody may have it .+ by menu: hours \[open\] → why \[1\] → chosen → wait/ },
      ],
    },
  });
  const checked = (yaml: string) => ask('POST', '/flows/check', { yaml });
  t.match(await checked(menu('payment')), { body: { ok: false, problems: [{ message: /nobody may have it/ }] } });
  t.match(await checked(menu('contract-change')), { body: { ok: true } });
  t.equal((await present()).version, version);
  await t.rejects(engawa.post('/api/v1/flows/menu/follow-file', 'hanako'), /403/, 'not for agents');
});

t.test('the file is followed again, and a change of it is taken without a restart', async (t) => {
  t.match(await ask('POST', '/flows/menu/follow-file'), { status: 200 });
  const { version } = await present();
  writeFileSync(file, menu('product-question'));
  await eventually('the file is taken', async () => (await present()).version !== version);
  t.equal(await reasonAfterKey1(await atTheMenu()), 'product-question');
  writeFileSync(file, menu('nonsense'));
  const state = await eventually('its mistake is told', async () => {
    const { body } = await ask('GET', '/flow-files');
    const { problems } = body as { problems: { line: number; message: string }[] };
    return problems[0];
  });
  t.match(state, { line: 6, message: /there is no reason "nonsense"/ });
  t.match(engawa.log(), /menu\.yaml:6:\d+: node \\"chosen\\": there is no reason/);
  t.equal(await reasonAfterKey1(await atTheMenu()), 'product-question');
});

t.test('a calendar that is closed by hand takes callers the way for it', async (t) => {
  t.equal((await ask('PUT', '/calendars/always/closure', { because: 'typhoon' })).status, 204);
  const customer = await centre.callIn(menuNumber, toneHz);
  const { id } = await newestCall();
  await centre.endedCall(id);
  t.match(
    (await centre.events(id)).filter((event) => event.type === 'flow-node').map((event) => event.node),
    ['closed-by-hand', 'bye'],
  );
  customer.hangUp();
  t.match(await ask('GET', '/calendars'), { body: { items: [{ id: 'always', now: 'closure' }, {}] } });
  t.equal((await ask('DELETE', '/calendars/always/closure')).status, 204);
  t.equal((await ask('DELETE', '/calendars/always/closure')).status, 404);
  t.equal((await ask('PUT', '/calendars/none/closure', { because: 'x' })).status, 404);
  await centre.atRest();
});
