// The lower half of our SIP server against sipp, which shares none of our code: as callee and as caller, over UDP and TCP,
// and with a network that loses the 200 and its ACK.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeResponse } from '../../src/protocol/sip/make-response.ts';
import { header, type SipRequest } from '../../src/protocol/sip/message.ts';
import type { TransactionLayer } from '../../src/sbc/embedded/layers.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { eventually } from '../support/eventually.ts';
import { freeUdpPort } from '../support/free-port.ts';
import { missing } from '../support/servers/peers.ts';
import { ask, makeRequest, startLayer, targetOf, unaccounted } from '../support/sip/sip-layer.ts';

interface Sipp {
  child: ChildProcess;
  /** Exit code and what it printed. */
  ended: Promise<{ code: number | null; output: string }>;
}

function sipp(t: Test, args: string[]): Sipp {
  const cwd = t.testdir({});
  const common = ['-i', '127.0.0.1', '-nostdin', '-trace_err', '-trace_msg', '-timeout', '40s', '-timeout_error'];
  const child = spawn('sipp', [...args, ...common], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })) };
}

/** Answers INVITE with 180 and 200, everything else with 200; counts how the INVITEs ended. */
function answerCalls(layer: TransactionLayer): {
  ended: Record<string, number>;
  acks: () => number;
  byes: () => number;
} {
  const ended: Record<string, number> = {};
  let [acks, byes, tag] = [0, 0, 0];
  layer.onRequest((transaction) => {
    const { request } = transaction;
    const toTag = `engawa${++tag}`;
    if (request.method === 'INVITE') {
      transaction.onEnd((why) => {
        ended[why] = (ended[why] ?? 0) + 1;
      });
      transaction.respond(makeResponse(request, { status: 180, toTag }));
      const headers = [{ name: 'Contact', value: '<sip:engawa@127.0.0.1>' }];
      transaction.respond(makeResponse(request, { status: 200, toTag, headers }));
    } else {
      if (request.method === 'BYE') byes++;
      transaction.respond(makeResponse(request, { status: 200 }));
    }
  });
  layer.onAck(() => acks++);
  return { ended, acks: () => acks, byes: () => byes };
}

for (const [protocol, mode] of [
  ['udp', 'u1'],
  ['tcp', 't1'],
  ['tcp', 'tn'],
] as const) {
  t.test(
    `sipp calls a hundred times over ${protocol} (${mode}) and every call is good`,
    { skip: missing('sipp') },
    async (t) => {
      const layer = await startLayer(t, { listen: [{ protocol, address: '127.0.0.1', port: 0 }] });
      const calls = answerCalls(layer);
      const { port } = targetOf(layer, protocol);
      const args = [
        '-sn',
        'uac',
        '-d',
        '20',
        '-t',
        mode,
        '-m',
        '100',
        '-r',
        '100',
        '-max_socket',
        '500',
        `127.0.0.1:${port}`,
      ];
      const { code, output } = await sipp(t, args).ended;
      t.equal(code, 0, output.slice(-2000));
      t.same(calls.ended, { done: 100 });
      t.equal(calls.acks(), 100);
      t.equal(calls.byes(), 100);
      t.equal(unaccounted(layer.counters), 0);
      t.equal(layer.counters['fault'], undefined);
    },
  );
}

t.test(
  'sipp loses a quarter of the 200s and of its ACKs, and every call is good all the same',
  { skip: missing('sipp') },
  async (t) => {
    const layer = await startLayer(t, { timers: { t1Ms: 50, t2Ms: 200, t4Ms: 500 } });
    const calls = answerCalls(layer);
    const scenario = join(projectRoot, 'test/sipp/uac-loses-200-and-ack.xml');
    const args = ['-sf', scenario, '-m', '60', '-r', '60', `127.0.0.1:${targetOf(layer).port}`];
    const { code, output } = await sipp(t, args).ended;
    t.equal(code, 0, output.slice(-2000));
    t.same(calls.ended, { done: 60 });
    t.equal(calls.byes(), 60);
    await eventually('every transaction has ended and is forgotten', () => layer.live?.server === 0, {
      withinMs: 10_000,
    });
    t.ok(layer.counters['retransmitted-response']! > 10, `${layer.counters['retransmitted-response']} repeated`);
    t.equal(unaccounted(layer.counters), 0);
  },
);

/** A port that is free now. */
for (const [protocol, mode] of [
  ['udp', 'u1'],
  ['tcp', 't1'],
] as const) {
  t.test(
    `sipp is called twenty times over ${protocol} and counts every call as good`,
    { skip: missing('sipp') },
    async (t) => {
      const layer = await startLayer(t, { listen: [{ protocol, address: '127.0.0.1', port: 0 }] });
      const port = await freeUdpPort();
      const callee = sipp(t, ['-sn', 'uas', '-t', mode, '-p', String(port), '-m', '20']);
      const target = { protocol, host: '127.0.0.1', port };
      const contact = { name: 'Contact', value: '<sip:engawa@127.0.0.1>' };
      const call = async () => {
        const invite = makeRequest('INVITE', [contact]);
        const { responses, failed } = await ask(layer, invite, target);
        if (failed !== undefined) throw new Error(failed);
        const to = header(responses.at(-1)!, 'to')!;
        const inDialog = (method: string, cseq: number): SipRequest => ({
          ...invite,
          method,
          headers: invite.headers.map(({ name, value }) =>
            name === 'To'
              ? { name, value: to }
              : name === 'CSeq'
                ? { name, value: `${cseq} ${method}` }
                : { name, value },
          ),
        });
        await layer.send(inDialog('ACK', 1), target);
        const bye = await ask(layer, inDialog('BYE', 2), target);
        return [responses.at(-1)?.status, bye.responses[0]?.status];
      };
      const opening = await eventually('sipp listens and takes a call', call, { withinMs: 10_000 });
      t.same(opening, [200, 200]);
      const results = await Promise.all(Array.from({ length: 19 }, call));
      t.same(
        results,
        Array.from({ length: 19 }, () => [200, 200]),
      );
      const { code, output } = await callee.ended;
      t.equal(code, 0, output.slice(-2000));
      t.equal(layer.counters['fault'], undefined);
      t.equal(unaccounted(layer.counters), 0);
    },
  );
}
