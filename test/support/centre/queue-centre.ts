// The whole program with flows that look up, listen, wait, take messages and call back. What is spoken are tones, so that a test can
// tell by ear what a caller is told: words of a flow 330 Hz, place and time in the queue 1010 Hz.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endRobotMedia } from '../media/robot-media.ts';
import { startVoskDouble, type VoskDouble } from '../servers/vosk-double.ts';
import { createCarrier } from '../sip/carrier.ts';
import { startCentre, type WholeCentre } from './whole-centre.ts';

interface Teardown {
  teardown(undo: () => unknown): void;
}

export const wordsHz = 330;
export const announcementHz = 1010;
/** What the speech server understands. */
export const contractHz = 440;
export const productHz = 550;

export const lines = {
  lookup: '+81310011001',
  speech: '+81310011002',
  callback: '+81310011003',
  full: '+81310011004',
  time: '+81310011005',
  nobody: '+81310011006',
  empty: '+81310011007',
  hours: '+81310011008',
  message: '+81310011009',
} as const;

const say = { ja: 'はい。', en: 'Yes.' };
const bye = { 'hang-up': say };
const wait = (queue: string, more: Record<string, unknown> = {}) => ({ queue, ...more });
const product = { reason: 'product-question', next: 'wait' };
const message = { voicemail: 'night', greeting: say, 'max-seconds': 20, 'silence-seconds': 2, next: 'bye' };

const flows: Record<keyof typeof lines, Record<string, unknown>> = {
  lookup: {
    who: {
      ...{ lookup: 'crm', with: { tel: '{caller.number}', dialled: '{call.dialled}' }, 'reason-from': 'why' },
      ...{ found: 'wait-contracts', 'not-found': 'why', 'on-failure': 'why' },
    },
    why: { menu: say, choices: { 1: 'contract', 2: 'product' }, 'on-timeout': 'bye', retries: 0 },
    contract: { reason: 'contract-change', next: 'wait-contracts' },
    product,
    'wait-contracts': wait('contracts'),
    wait: wait('general'),
  },
  speech: {
    why: {
      ...{
        listen: say,
        phrases: { contract: ['契約'], product: ['製品', '商品'] },
        choices: { 2: 'product' },
        retries: 0,
      },
      ...{ 'timeout-seconds': 15, 'max-seconds': 20, 'on-nothing': 'menu', 'on-failure': 'menu' },
    },
    menu: { menu: say, choices: { 2: 'product' }, 'on-timeout': 'bye', retries: 0 },
    contract: { reason: 'contract-change', next: 'wait-contracts' },
    product,
    'wait-contracts': wait('contracts'),
    wait: wait('general'),
  },
  callback: {
    product,
    wait: wait('general', {
      announce: { position: true, wait: true, 'every-seconds': 15 },
      keys: { 1: 'call-back' },
    }),
    'call-back': {
      ...{
        callback: 'general',
        confirm: { ja: '{number}で', en: '{number}' },
        ask: say,
        next: 'bye',
        'on-failure': 'wait',
      },
    },
  },
  full: { product, wait: wait('small', { 'on-full': 'other' }), other: wait('general') },
  time: { product, wait: wait('general', { 'timeout-seconds': 2, 'on-timeout': 'message' }), message },
  nobody: { product, wait: wait('staffed', { 'on-nobody': 'message' }), message },
  empty: { product, wait: wait('contracts', { 'on-empty': 'other' }), other: wait('general') },
  hours: {
    open: { hours: 'always', open: 'product', closed: 'bye', closure: 'message' },
    product,
    wait: wait('general'),
    message,
  },
  message: { product: { reason: 'contract-change', next: 'message' }, message },
};

const queue = (name: string, more: Record<string, unknown> = {}) => ({
  ...{ name, label: { ja: name, en: name }, ringTimeoutSeconds: 6, afterCallWorkSeconds: 0 },
  ...more,
});

export interface CompanyService {
  port: number;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly asked: { url: string; headers: IncomingMessage['headers'] }[];
}

export interface QueueCentre extends WholeCentre {
  vosk: VoskDouble;
  crm: CompanyService;
  /** The same data folder, another program. */
  startAgain(): Promise<WholeCentre>;
}

export async function startQueueCentre(t: Teardown): Promise<QueueCentre> {
  const vosk = await startVoskDouble(t, { [contractHz]: '契約 の 変更', [productHz]: '製品 に ついて' });
  const crm = await startService(t);
  const folder = mkdtempSync(join(tmpdir(), 'engawa-queues-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const config = { ...writeFlows(folder), ...settings(crm), speech: toneSpeech(folder) };
  const dataFolder = join(folder, 'data');
  mkdirSync(dataFolder);
  t.teardown(endRobotMedia);
  const carrier = await createCarrier(t);
  const options = { config: { ...config, speechRecognition: { ja: vosk.url } }, dataFolder, carrier };
  const environment = { CRM_TOKEN: 'token-of-the-company' };
  const start = () => startCentre(t, { ...options, environment });
  const centre = await start();
  return { ...centre, vosk, crm, startAgain: start };
}

/** A node to which no way leads would be a warning. */
const withGoodbye = (nodes: Record<string, unknown>) =>
  JSON.stringify(nodes).includes('"bye"') ? { ...nodes, bye } : nodes;

function writeFlows(folder: string): Record<string, unknown> {
  mkdirSync(join(folder, 'flows'));
  for (const [name, nodes] of Object.entries(flows)) {
    const flow = { flow: name, language: 'ja', start: Object.keys(nodes)[0], nodes: withGoodbye(nodes) };
    writeFileSync(join(folder, 'flows', `${name}.yaml`), JSON.stringify(flow, null, 1));
  }
  writeFileSync(
    join(folder, 'calendars.yaml'),
    JSON.stringify({ calendars: { always: { days: { 'mon-sun': '00:00-24:00' } } } }),
  );
  const numbers = Object.entries(lines).map(([flow, number]) => ({ number, label: { ja: flow, en: flow }, flow }));
  return {
    company: { name: 'Test', numbers },
    flows: { folder: join(folder, 'flows'), calendars: join(folder, 'calendars.yaml') },
  };
}

const settings = (crm: CompanyService) => ({
  queues: [
    queue('general'),
    queue('contracts', { admission: { stayWith: 'ready', absenceSeconds: 1 } }),
    queue('small', { admission: { mostWaiting: 0 } }),
    queue('staffed', { admission: { joinWith: 'signed-in' } }),
  ],
  callbacks: { attempts: 3, retryMinutes: 0.05, ringSeconds: 10 },
  mailboxes: [{ name: 'night', label: { ja: '夜間', en: 'Night' }, queue: 'general' }],
  outgoing: { hosts: ['127.0.0.1'], privateNetworks: ['127.0.0.1'] },
  lookups: [
    {
      ...{ name: 'crm', url: `http://127.0.0.1:${crm.port}/who`, timeoutSeconds: 2, sendsCallerNumber: 'national' },
      ...{ headers: { authorization: 'env:CRM_TOKEN' }, values: { why: 'customer.reason', tier: 'customer.tier' } },
    },
  ],
});

/** A voice that makes tones of texts. */
function toneSpeech(folder: string): Record<string, unknown> {
  const voice = join(folder, 'voice.sh');
  const script = [
    '#!/bin/sh',
    `case "$(cat)" in *ばんめ*|*つぎに*|*およそ*) hz=${announcementHz};; *) hz=${wordsHz};; esac`,
    'exec sox -n -r 8000 -b 16 -c 1 -t wav - synth 0.8 sine $hz vol 0.3',
  ];
  writeFileSync(voice, `${script.join('\n')}\n`, { mode: 0o755 });
  return { kind: 'command', command: [voice] };
}

async function startService(t: Teardown): Promise<CompanyService> {
  const asked: CompanyService['asked'] = [];
  const service: CompanyService = {
    port: 0,
    asked,
    answer: (_request, response) => void response.writeHead(500).end(),
  };
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    service.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  service.port = (server.address() as AddressInfo).port;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return service;
}
