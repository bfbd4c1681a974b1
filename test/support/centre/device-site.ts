// The API with devices and working from home as files say, on a real database. What is audited is kept to be looked at.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceNeeds } from '../../../src/api/guard/device-door.ts';
import type { ApiNeeds } from '../../../src/api/needs.ts';
import { type AppDevices, openDevices } from '../../../src/app/devices.ts';
import { parseConfig } from '../../../src/config.ts';
import type { AuditEntry } from '../../../src/identity/audit/audit.ts';
import { createPlaces } from '../../../src/identity/places.ts';
import { defaultClasses } from '../../../src/privacy/pii-class.ts';
import { parseCalendars } from '../../../src/routing/hours.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import { createCloser } from '../../../src/shared/closer.ts';
import { silentLogger as log } from '../../../src/shared/logger.ts';
import { createFakeClock } from '../fake-clock.ts';
import { password, testApi } from './api.ts';
import type { Answer, Rest } from './software-device.ts';

interface Test {
  teardown(undo: () => void | Promise<void>): void;
}

const officeHours = 'calendars: { office: { days: { mon-fri: 09:00-18:00 } } }';
const chrome131 =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

export async function deviceSite(
  t: Test,
  options: {
    /** Of config/devices.yaml, without the contact; more files by name. */
    rules?: string;
    homeWork?: string;
    files?: Record<string, string>;
    clock?: Clock & { advance(ms: number): void };
    /** More of the configuration. */
    config?: string;
    api?: Partial<ApiNeeds>;
  } = {},
) {
  const { rules = '', homeWork, files = {}, clock = createFakeClock(Date.parse('2026-11-24T03:00Z')) } = options;
  const contact = 'contact: { ja: 情報システム部 内線1234, en: IT help desk on 1234 }\n';
  const folder = mkdtempSync(join(tmpdir(), 'engawa-devices-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const written = { ...files, ...(homeWork === undefined ? {} : { 'home-work.yaml': homeWork }) };
  for (const [name, text] of Object.entries({ ...written, 'devices.yaml': contact + rules }))
    writeFileSync(join(folder, name), text);
  const config = parseConfig(
    [
      'recording: { recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p] }',
      `devices: { file: ${join(folder, 'devices.yaml')} }`,
      ...(homeWork === undefined ? [] : [`homeWork: { file: ${join(folder, 'home-work.yaml')} }`]),
      'queues: [{ name: orders, label: { ja: 受注, en: Orders } }, { name: support, label: { ja: 支援, en: Support } }]',
      'policy: { sites: [{ name: Osaka, networks: [198.51.100.0/24] }] }',
      ...(options.config === undefined ? [] : [options.config]),
    ].join('\n'),
    'engawa.yaml',
  ).config;
  const audited: AuditEntry[] = [];
  const busy = new Set<string>();
  const told: string[] = [];
  const audit = { write: async (entry: AuditEntry) => void audited.push(entry) };
  const closer = createCloser(() => {});
  let app: AppDevices | undefined;
  let needs: DeviceNeeds | undefined;
  const site = await testApi(t, {
    clock,
    audit,
    openDevices({ store, identity }) {
      const places = createPlaces({ clock, sites: config.policy.sites, sessions: store.sessions });
      const flows = { classes: () => defaultClasses, calendars: () => parseCalendars(officeHours, 'c.yaml').calendars };
      app = openDevices(config, { store, places, flows, audit, clock, log, closer });
      needs = app.open({
        ...{ identity, isBusy: (id) => busy.has(id), node: 'east' },
        factsChanged: (id) => void told.push(id),
      });
      return needs;
    },
    ...options.api,
  });
  t.teardown(() => closer.close());

  /** REST as this person from this address, with a browser that says what it is. */
  async function enter(login: string, more: { address?: string; headers?: Record<string, string> } = {}) {
    const { address = '192.0.2.7', headers = {} } = more;
    const from = { address, headers: { 'user-agent': chrome131, ...headers } as Record<string, string> };
    const call = async (method: string, url: string, own: object, payload?: unknown): Promise<Answer> => {
      const answer = await site.app.inject({
        ...{ method: method as 'GET', url: `/api/v1${url}`, remoteAddress: from.address },
        headers: { ...from.headers, ...own },
        ...(payload === undefined ? {} : { payload: payload as object }),
      });
      const isJson = String(answer.headers['content-type']).includes('json');
      return { status: answer.statusCode, body: isJson ? answer.json() : null, headers: answer.headers };
    };
    const begun = await site.app.inject({
      ...{ method: 'POST', url: '/api/v1/session', remoteAddress: from.address, headers: from.headers },
      payload: { login, password },
    });
    const cookies = new Map(begun.cookies.map(({ name, value }) => [name, value]));
    const body = begun.json();
    const csrf: string = body.csrfToken ?? body.device?.csrfToken ?? '';
    const rest: Rest = async (method, path, payload) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await call(method, path, { cookie, 'x-csrf-token': csrf }, payload);
      for (const set of [answer.headers['set-cookie'] ?? []].flat() as string[]) {
        const [pair = ''] = set.split(';');
        const at = pair.indexOf('=');
        cookies.set(pair.slice(0, at), pair.slice(at + 1));
      }
      return answer;
    };
    const steppedUp = async () => void (await rest('POST', '/session/step-up', { password }));
    return {
      signedIn: { status: begun.statusCode, body } as { status: number; body: Record<string, unknown> },
      rest,
      cookies,
      from,
      steppedUp,
    };
  }

  return {
    ...site,
    ...{ clock, folder, audited, busy, told, enter },
    needs: needs!,
    devices: app!,
    /** The acts that were audited since it was asked last. */
    acts: () => audited.splice(0).map(({ act, outcome, details }) => ({ act, outcome, ...details })),
    write: (file: string, text: string) => writeFileSync(join(folder, file), text),
    contact,
  };
}
