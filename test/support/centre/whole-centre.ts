// The whole built program with a carrier beside it and a company made for tests: one number per kind of call, words short.
//
//   0120000111      the menu: 1 contract (personal), 2 product (none)
//   +81310001111    product question: general, class none
//   +81310002222    contract: contracts, class personal
//   +81310003333    no reason is set: general
//   +81310004444    a prompt that does not exist, then general, class none
//   +81310005555    transfer to the outside number 0312340000; when that fails, general, class none

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallView } from '../../../src/api/contract.ts';
import type { EngawaEvent } from '../../../src/shared/events.ts';
import { projectRoot } from '../../../src/shared/paths.ts';
import { eventually } from '../eventually.ts';
import { openRobotDesk, type RobotDesk, type RobotOptions } from '../media/robot-desk.ts';
import { endRobotMedia } from '../media/robot-media.ts';
import { ageOpenBytes, type Heard, listen, run } from '../recording/opened-audio.ts';
import { type Carrier, type CarrierCall, type Customer, createCarrier } from '../sip/carrier.ts';
import { type EngawaOptions, type RunningEngawa, startEngawa } from './engawa.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export const numbers = {
  menu: '0120000111',
  product: '+81310001111',
  contract: '+81310002222',
  noReason: '+81310003333',
  missingPrompt: '+81310004444',
  outside: '+81310005555',
};

const say = { ja: 'はい。', en: 'Yes.' };
const wait = (queue: string) => ({ queue, 'timeout-seconds': 600, 'on-timeout': 'bye' });
const bye = { 'hang-up': say };
const flows: Record<string, unknown> = {
  menu: {
    flow: 'menu',
    language: 'ja',
    start: 'why',
    nodes: {
      why: {
        menu: say,
        choices: { 1: 'contract', 2: 'product' },
        'timeout-seconds': 10,
        retries: 1,
        'on-timeout': 'bye',
        'on-invalid': 'bye',
      },
      contract: { reason: 'contract-change', next: 'wait-contracts' },
      product: { reason: 'product-question', next: 'wait-general' },
      'wait-contracts': wait('contracts'),
      'wait-general': wait('general'),
      bye,
    },
  },
  product: {
    flow: 'product',
    language: 'ja',
    start: 'why',
    nodes: { why: { reason: 'product-question', next: 'wait' }, wait: wait('general'), bye },
  },
  contract: {
    flow: 'contract',
    language: 'ja',
    start: 'why',
    nodes: { why: { reason: 'contract-change', next: 'wait' }, wait: wait('contracts'), bye },
  },
  'no-reason': { flow: 'no-reason', language: 'ja', start: 'wait', nodes: { wait: wait('general'), bye } },
  'missing-prompt': {
    flow: 'missing-prompt',
    language: 'ja',
    start: 'hello',
    nodes: {
      hello: { say: { prompt: 'there-is-no-such-prompt' }, next: 'why' },
      why: { reason: 'product-question', next: 'wait' },
      wait: wait('general'),
      bye,
    },
  },
};

const outsideNumber = '0312340000';
flows['outside'] = {
  flow: 'outside',
  language: 'ja',
  start: 'go',
  nodes: {
    go: { transfer: outsideNumber, 'ring-timeout-seconds': 10, 'on-failure': 'why' },
    why: { reason: 'product-question', next: 'wait' },
    wait: wait('general'),
    bye,
  },
};

const company = (number: string, flow: string) => ({ number, label: { ja: flow, en: flow }, flow });
const queue = (name: string, ringTimeoutSeconds: number) => ({
  name,
  label: { ja: name, en: name },
  ringTimeoutSeconds,
  afterCallWorkSeconds: 1,
});

export interface WholeCentre {
  engawa: RunningEngawa;
  carrier: Carrier;
  /** Signs in hanako (at home, clearance none), taro (in the centre, sensitive) or midori (supervisor, no desk). */
  desk(
    login: string,
    toneHz: number,
    more?: Pick<RobotOptions, 'withoutPhone' | 'refusesOffers' | 'impairment' | 'path' | 'relayed'>,
  ): Promise<RobotDesk>;
  /** A customer calls and is answered by the flow. */
  callIn(
    dialled: string,
    toneHz: number,
    from?: string,
    more?: Pick<CarrierCall, 'events' | 'srtp'>,
  ): Promise<Customer>;
  call(id: string): Promise<CallView>;
  /** The call record once the call is over and complete. */
  endedCall(id: string): Promise<CallView>;
  events(callId: string): Promise<EngawaEvent[]>;
  /** What Debian's age and ffmpeg make of the recording of a call. */
  recording(id: string): Promise<Heard>;
  /** What `engawa recording open` makes of it, also when it is not complete. */
  openedByUs(id: string): Promise<Heard>;
  /** Nothing is left: no call, no media endpoint, no trunk leg. */
  atRest(withinMs?: number): Promise<void>;
}

export interface CentreOptions {
  calls?: Record<string, unknown>;
  ringTimeoutSeconds?: number;
  config?: Record<string, unknown>;
  /** Further numbers of the company, each with a flow of its own: its file without name and language. */
  more?: { number: string; name: string; flow: { start: string; nodes: Record<string, unknown> } }[];
  dataFolder?: string;
  carrier?: Carrier;
  environment?: Record<string, string>;
}

export async function startCentre(t: Teardown, options: CentreOptions = {}): Promise<WholeCentre> {
  if (!options.carrier) t.teardown(endRobotMedia);
  const carrier = options.carrier ?? (await createCarrier(t));
  const folder = mkdtempSync(join(tmpdir(), 'engawa-flows-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'flows'));
  // JSON is YAML.
  for (const [name, flow] of Object.entries(flows))
    writeFileSync(join(folder, 'flows', `${name}.yaml`), JSON.stringify(flow, null, 1));
  for (const { name, flow } of options.more ?? []) {
    const file = { flow: name, language: 'ja', ...flow };
    writeFileSync(join(folder, 'flows', `${name}.yaml`), JSON.stringify(file, null, 1));
  }
  const config: EngawaOptions['config'] = {
    company: {
      name: 'Test',
      numbers: [
        company(numbers.product, 'product'),
        company(numbers.menu, 'menu'),
        company(numbers.contract, 'contract'),
        company(numbers.noReason, 'no-reason'),
        company(numbers.missingPrompt, 'missing-prompt'),
        company(numbers.outside, 'outside'),
        ...(options.more ?? []).map(({ number, name }) => company(number, name)),
      ],
    },
    flows: { folder: join(folder, 'flows') },
    queues: [queue('general', options.ringTimeoutSeconds ?? 6), queue('contracts', options.ringTimeoutSeconds ?? 6)],
    calls: {
      drainSeconds: 2,
      outboundAfterCallWorkSeconds: 1,
      reattachSeconds: 10,
      outboundRingSeconds: 10,
      ...options.calls,
    },
    trunks: [
      {
        name: 'carrier',
        addresses: ['127.0.0.1'],
        targets: [{ host: '127.0.0.1', port: carrier.port }],
        formIn: 'national',
        formOut: 'national',
        priority: 1,
        optionsIntervalSeconds: 0,
      },
    ],
    ...options.config,
  };
  const { dataFolder, environment } = options;
  const engawa = await startEngawa(t, {
    config,
    ...(dataFolder ? { dataFolder } : {}),
    ...(environment ? { environment } : {}),
  });
  carrier.connect(engawa.sip);
  return around(t, engawa, carrier);
}

function around(t: Teardown, engawa: RunningEngawa, carrier: Carrier): WholeCentre {
  const call = (id: string) => engawa.get<CallView>(`/api/v1/calls/${id}`);
  const centre: WholeCentre = {
    engawa,
    carrier,
    desk: (login, toneHz, more = {}) =>
      openRobotDesk(t, { url: engawa.url, login, password: engawa.passwordOf(login), toneHz, ...more }),
    async callIn(dialled, toneHz, from, more = {}) {
      const customer = await carrier.callIn({ dialled, toneHz, ...(from ? { from } : {}), ...more });
      await eventually('the flow answers', () => customer.state === 'talking', { withinMs: 30_000 });
      return customer;
    },
    call,
    async endedCall(id) {
      return eventually(
        `the record of call ${id} is complete`,
        async () => {
          const record = await call(id);
          return record.endedAt === null ? undefined : record;
        },
        { withinMs: 30_000, everyMs: 100 },
      );
    },
    async events(callId) {
      const { items } = await engawa.get<{ items: EngawaEvent[] }>(`/api/v1/calls/${callId}/events`);
      return items;
    },
    async recording(id) {
      const row = await eventually(
        `recording ${id} is complete`,
        async () => {
          const found = await engawa.get<{ state: string; id: string }>(`/api/v1/recordings/${id}`);
          return found.state === 'complete' ? found : undefined;
        },
        { withinMs: 30_000, everyMs: 100 },
      );
      const sealed = await engawa.getAs('midori', `/api/v1/recordings/${row.id}/file`);
      const opened = ageOpenBytes(sealed, join(engawa.dataFolder, 'recording-identity.txt'));
      if (opened.status !== 0) throw new Error(`age: ${opened.stderr}`);
      return listen(opened.stdout);
    },
    async openedByUs(id) {
      const main = join(projectRoot, 'dist/src/cli/engawa.js');
      const identity = join(engawa.dataFolder, 'recording-identity.txt');
      const config = join(engawa.dataFolder, 'engawa.yaml');
      const args = [main, 'recording', 'open', id, '--identity', identity, '--config', config];
      return eventually(
        `recording ${id} opens`,
        () => {
          const opened = run(process.execPath, args);
          if (opened.status !== 0) throw new Error(opened.stderr);
          return listen(opened.stdout);
        },
        { withinMs: 30_000, everyMs: 500 },
      );
    },
    async atRest(withinMs = 30_000) {
      let last: unknown;
      try {
        await eventually(
          'nothing is left',
          async () => {
            const health = (await (await fetch(new URL('/healthz', engawa.url))).json()) as {
              parts: { name: string; endpoints?: number }[];
            };
            const metrics = await (await fetch(new URL('/metrics', engawa.url))).text();
            const calls = Number(/^engawa_calls_active (\d+)/m.exec(metrics)?.[1]);
            const trunks = await engawa.get<{ items: { activeCalls: number }[] }>('/api/v1/trunks');
            const endpoints = health.parts.find((part) => part.name === 'media')?.endpoints;
            const legs = trunks.items.reduce((sum, trunk) => sum + trunk.activeCalls, 0);
            last = { endpoints, calls, legs };
            return endpoints === 0 && calls === 0 && legs === 0;
          },
          { withinMs, everyMs: 100 },
        );
      } catch (cause) {
        throw new Error(`something is left: ${JSON.stringify(last)}`, { cause });
      }
    },
  };
  return centre;
}

/** Who hears whom: every party sends its own tone. `[]` is silence; 'music' is neither silence nor a party's tone. */
export async function hear(what: string, expected: [{ hears(lastMs?: number): number[] }, number[]][]): Promise<void> {
  let last: unknown;
  try {
    await eventually(
      what,
      () => {
        const heard = expected.map(([party]) => party.hears(300));
        last = heard;
        return heard.every((tones, i) => JSON.stringify(tones) === JSON.stringify(expected[i]![1]));
      },
      { withinMs: 30_000, everyMs: 50 },
    );
  } catch (cause) {
    throw new Error(
      `${what}: wanted ${JSON.stringify(expected.map(([, tones]) => tones))}, heard ${JSON.stringify(last)}`,
      {
        cause,
      },
    );
  }
}

/** The program sends audio to this customer that is nobody's tone: music, ringback, a voice. */
export async function hearsMusic(customer: Customer, tones: readonly number[]): Promise<void> {
  await eventually(
    'the customer hears music',
    () => {
      const pcm = customer.rtp.pcm(500);
      const loud = Math.sqrt(pcm.reduce((sum, value) => sum + value * value, 0) / Math.max(1, pcm.length));
      return pcm.length > 2000 && loud > 100 && !customer.hears(500).some((tone) => tones.includes(tone));
    },
    { withinMs: 30_000, everyMs: 50 },
  );
}

/** A customer calls, this agent takes the call, and both hear each other. */
export async function talkWith(
  centre: Pick<WholeCentre, 'callIn'>,
  agent: RobotDesk,
  { number, customerHz, agentHz }: { number: string; customerHz: number; agentHz: number },
): Promise<{ customer: Customer; callId: string }> {
  await agent.setState('available');
  const customer = await centre.callIn(number, customerHz);
  await agent.rings();
  await agent.answer();
  await hear('customer and agent', [
    [customer, [agentHz]],
    [agent, [customerHz]],
  ]);
  return { customer, callId: agent.view.call!.id };
}

/** Not ready and without a call, from whatever state. */
export async function rest(...desks: RobotDesk[]): Promise<void> {
  for (const desk of desks) {
    await desk.setState('not-ready', 'test');
    await desk.inState('not-ready');
  }
}

/** A conversation of that length: for what is measured in a recording or a record. */
export function aWhile(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
