// A transaction layer on loopback for a test, requests for it, and a lossy network below it.

import { createSocket, type Socket } from 'node:dgram';
import type { SipHeader, SipRequest, SipResponse } from '../../../src/protocol/sip/message.ts';
import type { Flow, Target, TransactionLayer } from '../../../src/sbc/embedded/layers.ts';
import { createTransactionLayer, type TransactionLayerOptions } from '../../../src/sbc/embedded/transaction/layer.ts';
import type { DatagramFactory } from '../../../src/sbc/embedded/transport/transport.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { silentLogger } from '../../../src/shared/logger.ts';
import { systemRandom } from '../../../src/shared/random.ts';

/** Fast enough that a test may wait for a time-out, slow enough for a busy machine: 64·T1 is 1.3 s. */
export const quickTimers = { t1Ms: 20, t2Ms: 80, t4Ms: 100, timerDMs: 200 };

export async function startLayer(
  t: { teardown(close: () => Promise<void>): void },
  options: Partial<TransactionLayerOptions> = {},
): Promise<TransactionLayer> {
  const layer = await createTransactionLayer({
    clock: systemClock,
    log: silentLogger,
    random: systemRandom,
    listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
    ...options,
  });
  t.teardown(() => layer.close());
  return layer;
}

/** Where to reach a layer over a protocol. */
export function targetOf(layer: TransactionLayer, protocol: Flow['protocol'] = 'udp'): Target {
  const flow = layer.listening.find((one) => one.protocol === protocol);
  if (!flow) throw new Error(`the layer does not listen on ${protocol}`);
  return { protocol, host: '127.0.0.1', port: flow.localPort };
}

let serial = 0;

export function makeRequest(method: string, extra: SipHeader[] = [], body = ''): SipRequest {
  const headers = [
    { name: 'From', value: '<sip:alice@atlanta.example.com>;tag=a1' },
    { name: 'To', value: '<sip:bob@biloxi.example.com>' },
    { name: 'Call-ID', value: `call-${process.pid}-${++serial}` },
    { name: 'CSeq', value: `1 ${method}` },
    ...extra,
  ];
  return { kind: 'request', method, uri: 'sip:bob@biloxi.example.com', headers, body: Buffer.from(body) };
}

export interface Outcome {
  responses: SipResponse[];
  texts: string[];
  flows: Flow[];
  failed: string | undefined;
}

/** Sends a request and collects what comes of it until a final response or a failure. */
export function ask(layer: TransactionLayer, request: SipRequest, target: Target): Promise<Outcome> {
  return new Promise((resolve) => {
    const outcome: Outcome = { responses: [], texts: [], flows: [], failed: undefined };
    layer.request(request, target, {
      response(response, text, flow) {
        outcome.responses.push(response);
        outcome.texts.push(text);
        outcome.flows.push(flow);
        if (response.status >= 200) resolve(outcome);
      },
      failed(why) {
        outcome.failed = why;
        resolve(outcome);
      },
    });
  });
}

/** UDP sockets that lose what `loses` says: of what is sent, or of what comes in. */
export function lossyDatagrams(loses: (direction: 'out' | 'in', text: string) => boolean): DatagramFactory {
  return (options) => {
    const socket: Socket = createSocket(options);
    const send = socket.send.bind(socket) as (...values: unknown[]) => void;
    const emit = socket.emit.bind(socket) as (...values: unknown[]) => boolean;
    socket.send = ((bytes: Buffer, ...rest: unknown[]) => {
      if (!loses('out', bytes.toString())) send(bytes, ...rest);
    }) as Socket['send'];
    socket.emit = ((event: string, ...values: unknown[]) => {
      if (event === 'message' && loses('in', String(values[0]))) return true;
      return emit(event, ...values);
    }) as Socket['emit'];
    return socket;
  };
}

/** Received messages minus their outcomes: zero, or some message was neither understood, answered nor dropped. */
export function unaccounted(counters: Readonly<Record<string, number>>): number {
  const outcomes = Object.entries(counters).filter(([name]) => /^(understood|answered|dropped)-/.test(name));
  return (counters['received'] ?? 0) - outcomes.reduce((sum, [, count]) => sum + count, 0);
}
