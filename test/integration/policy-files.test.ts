// The rules that come with the program, read from disk as the running program reads them, and what becomes of a file with a mistake.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { compilePolicy } from '../../src/routing/policy/compile-policy.ts';
import type { CallFacts, Operation, PersonFacts } from '../../src/routing/policy/policy.ts';
import { createRoutingFiles } from '../../src/routing/routing-files.ts';
import { projectRoot } from '../../src/shared/paths.ts';

const config = (name: string) => join(projectRoot, 'config', name);
const shipped = { folder: config('flows'), reasons: config('reasons.yaml'), calendars: config('calendars.yaml') };
const known = () => ({ queues: ['general', 'contracts'] });
const now = Date.parse('2026-09-10T03:00Z');
const day = 86_400_000;

const prepared: PersonFacts = {
  ...{ clearance: 'personal', place: 'home', employment: 'regular', device: 'managed' },
  employedSince: now - 800 * day,
  trainings: { privacy: now - 400 * day, 'working-from-home': now - 400 * day },
  pledge: { version: '2026', signedAt: now - 100 * day },
};
const contract: CallFacts = { direction: 'inbound', reason: 'contract-change', piiClass: 'personal' };

test('the demo company’s rules have no mistake, and do what they say', async (t) => {
  const files = createRoutingFiles({ places: { ...shipped, policy: config('policy.yaml') }, known });
  const { problems } = await files.reload();
  t.same(problems, []);
  const policy = compilePolicy(files.policy!);
  const decide = (person: PersonFacts, call: CallFacts, operation: Operation) => {
    const decision = policy.decide(person, call, operation, now);
    return decision.allowed ? 'allowed' : decision.because.en.replace(/^not offered: /, '');
  };
  const stays = '“Contract check or change” touches personal information; at home today';
  t.equal(decide(prepared, contract, 'normal'), stays);
  t.equal(decide(prepared, contract, 'partly-home'), stays);
  t.equal(decide(prepared, contract, 'all-home'), 'allowed');
  t.equal(decide({ ...prepared, place: 'centre' }, contract, 'normal'), 'allowed');
  t.match(decide({ ...prepared, device: undefined }, contract, 'all-home'), /the device is not known$/);
  t.match(
    decide(prepared, { direction: 'inbound' }, 'all-home'),
    /the reason for the call is not known; cleared up to/,
  );
  const all = { ...prepared, clearance: 'sensitive' };
  t.equal(
    decide(all, { direction: 'inbound' }, 'all-home'),
    'sensitive information stays in the centre; at home today',
  );
  t.equal(decide({ ...all, place: 'centre' }, { direction: 'inbound' }, 'all-home'), 'allowed');
  const other: PersonFacts = { ...all, place: 'centre', employment: 'outsourced' };
  const payment: CallFacts = { direction: 'inbound', reason: 'payment', piiClass: 'sensitive' };
  t.equal(decide(other, payment, 'normal'), 'payments are for our own employees; outsourced');
});

test('a file with a mistake leaves the rules that were read before in force', async (t) => {
  const folder = t.testdir({ 'policy.yaml': 'rules: { centre: { needs: { place: centre } } }\n' });
  const policy = join(folder, 'policy.yaml');
  const files = createRoutingFiles({ places: { ...shipped, policy }, known });
  t.same((await files.reload()).problems, []);
  const before = files.policy!;
  writeFileSync(policy, 'rules:\n  centre: { needs: { place: center } }\n');
  t.match((await files.reload()).problems, [
    { severity: 'error', file: policy, line: 2, column: 29, message: /"center"; did you mean "centre"\?$/ },
  ]);
  t.equal(files.policy, before);
  writeFileSync(policy, readFileSync(config('policy.yaml')));
  t.same((await files.reload()).problems, []);
  t.not(files.policy!.version, before.version);
});

test('without a file a class within the own clearance is enough', async (t) => {
  const files = createRoutingFiles({ places: shipped, known });
  await files.reload();
  const policy = compilePolicy(files.policy!);
  t.ok(policy.decide(prepared, contract, 'normal', now).allowed);
  t.notOk(policy.decide({ ...prepared, clearance: 'none' }, contract, 'normal', now).allowed);
});
