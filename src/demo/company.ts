// The demo's people and its key, made at the first start and kept in the data folder; told in data/demo.json (0600).

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hashApiKey, newApiKey } from '../identity/api-keys.ts';
import { hashPassword } from '../identity/password.ts';
import type { Clock } from '../shared/clock.ts';
import { newId } from '../shared/ids.ts';
import { retry } from '../store/postgres/retry.ts';
import type { Person, Role, WorkFacts } from '../store/records.ts';
import type { Store } from '../store/store.ts';

type DemoPerson = Pick<Person, 'login' | 'displayName' | 'role' | 'place' | 'clearance' | 'queues'> & {
  facts: (now: number) => WorkFacts;
};

const daysAgo = (now: number, days: number) => now - days * 86_400_000;
/** Prepared for work at home by what config/policy.yaml asks. */
const prepared = (now: number): WorkFacts => ({
  employment: 'regular',
  employedSince: daysAgo(now, 1500),
  trainings: { privacy: daysAgo(now, 200), 'working-from-home': daysAgo(now, 190) },
  pledge: { version: '2026', signedAt: daysAgo(now, 100) },
  device: 'managed',
});

const people: readonly DemoPerson[] = [
  {
    login: 'hanako',
    displayName: '佐藤 花子',
    role: 'agent',
    place: 'home',
    clearance: 'none',
    queues: ['general', 'contracts'],
    facts: (now) => ({ employment: 'outsourced', employedSince: daysAgo(now, 400), device: 'enrolled' }),
  },
  {
    login: 'aoi',
    displayName: '中村 葵',
    role: 'agent',
    place: 'home',
    clearance: 'personal',
    queues: ['contracts', 'general'],
    facts: prepared,
  },
  {
    login: 'taro',
    displayName: '鈴木 太郎',
    role: 'agent',
    place: 'centre',
    clearance: 'sensitive',
    queues: ['contracts', 'general'],
    facts: (now) => ({
      employment: 'regular',
      employedSince: daysAgo(now, 3000),
      trainings: { privacy: daysAgo(now, 300) },
    }),
  },
  {
    login: 'midori',
    displayName: '高橋 緑',
    role: 'supervisor',
    place: 'centre',
    clearance: 'sensitive',
    queues: [],
    facts: prepared,
  },
];

export interface DemoFile {
  url: string;
  sip: { udp: string };
  numbers: string[];
  people: { login: string; role: Role; place: string; password: string }[];
  apiKey: string;
}

/** How long a database that has just been started may be too busy to answer. */
const databaseSettlesWithinMs = 60_000;

interface Needs {
  store: Store;
  clock: Clock;
  file: string;
}

/** Makes the demo people and their key, or finds them from the last start. */
export function ensureDemoCompany(needs: Needs): Promise<Pick<DemoFile, 'people' | 'apiKey'>> {
  return retry(() => ensure(needs), { withinMs: databaseSettlesWithinMs });
}

async function ensure(needs: Needs): Promise<Pick<DemoFile, 'people' | 'apiKey'>> {
  const { store, clock, file } = needs;
  const earlier: Partial<DemoFile> = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DemoFile) : {};
  const told: DemoFile['people'] = [];
  for (const { facts, ...person } of people) {
    const known = earlier.people?.find((one) => one.login === person.login)?.password;
    const password = known ?? randomBytes(9).toString('base64url');
    const present = await store.people.byLogin(person.login);
    if (!present) {
      const passwordHash = await hashPassword(password);
      await store.people.create({
        ...person,
        language: 'ja',
        disabled: false,
        passwordHash,
        facts: facts(clock.now()),
      });
    } else if (known === undefined) {
      await store.people.update(present.id, { passwordHash: await hashPassword(password) });
    }
    told.push({ login: person.login, role: person.role, place: person.place, password });
  }
  return { people: told, apiKey: await ensureApiKey(store, clock, earlier.apiKey) };
}

async function ensureApiKey(store: Store, clock: Clock, earlier: string | undefined): Promise<string> {
  if (earlier && (await store.apiKeys.byHash(hashApiKey(earlier)))) return earlier;
  const key = newApiKey();
  await store.apiKeys.create({
    id: newId('apiKey'),
    name: 'demo',
    keyHash: hashApiKey(key),
    role: 'integrator',
    createdAt: clock.now(),
    revokedAt: null,
  });
  return key;
}

export function writeDemoFile(file: string, demo: DemoFile): void {
  writeFileSync(file, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}
