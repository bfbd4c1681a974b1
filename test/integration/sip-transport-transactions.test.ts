// The transaction layer over real UDP sockets and a network that loses what the test says: retransmissions, ACK, CANCEL,
// time-outs, the next address, overload, and an account of every message.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeResponse } from '../../src/protocol/sip/make-response.ts';
import { header, type SipRequest, type SipResponse } from '../../src/protocol/sip/message.ts';
import type { ClientTransaction, ServerTransaction, Target, TransactionLayer } from '../../src/sbc/embedded/layers.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { seededRandom } from '../../src/shared/random.ts';
import { eventually } from '../support/eventually.ts';
import {
  ask,
  lossyDatagrams,
  makeRequest,
  quickTimers,
  startLayer,
  targetOf,
  unaccounted,
} from '../support/sip/sip-layer.ts';

type Teardown = { teardown(close: () => unknown): void };

interface Pair {
  alice: TransactionLayer;
  bob: TransactionLayer;
  target: Target;
  /** INVITEs that reached Bob's user, with how each ended. */
  invites: { transaction: ServerTransaction; ended: string | undefined }[];
  acks: SipRequest[];
}

/** Two layers; what either sends may be lost. Bob answers INVITE with `status`, the rest with 200. */
async function pair(
  t: Teardown,
  status: number,
  loses: (from: 'alice' | 'bob', text: string) => boolean = () => false,
  timers: Partial<typeof quickTimers> = {},
): Promise<Pair> {
  const start = (name: 'alice' | 'bob') =>
    startLayer(t as never, {
      timers: { ...quickTimers, ...timers },
      datagrams: lossyDatagrams((way, text) => way === 'out' && loses(name, text)),
    });
  const [alice, bob] = [await start('alice'), await start('bob')];
  const result: Pair = { alice, bob, target: targetOf(bob), invites: [], acks: [] };
  bob.onRequest((transaction) => {
    const { request } = transaction;
    if (request.method === 'INVITE') {
      const entry = { transaction, ended: undefined as string | undefined };
      result.invites.push(entry);
      transaction.onEnd((why) => {
        entry.ended = why;
      });
      if (status > 0) transaction.respond(makeResponse(request, { status, toTag: 'bob' }));
    } else transaction.respond(makeResponse(request, { status: 200, toTag: 'bob' }));
  });
  bob.onAck((ack) => result.acks.push(ack));
  bob.onCancel((cancel, invite) => {
    cancel.respond(makeResponse(cancel.request, { status: invite ? 200 : 481, toTag: 'bob' }));
    invite?.respond(makeResponse(invite.request, { status: 487, toTag: 'bob' }));
  });
  return result;
}

/** The ACK to a 2xx, as a dialog would make it. */
function ackTo(invite: SipRequest, response: SipResponse): SipRequest {
  const keep = (name: string) => ({ name, value: header(invite, name.toLowerCase())! });
  const headers = [
    keep('From'),
    { name: 'To', value: header(response, 'to')! },
    keep('Call-ID'),
    { name: 'CSeq', value: '1 ACK' },
  ];
  return { kind: 'request', method: 'ACK', uri: 'sip:bob@127.0.0.1', headers, body: Buffer.alloc(0) };
}

/** Loses the first `count` messages that match. */
function first(
  count: number,
  matches: (from: string, text: string) => boolean,
): (from: string, text: string) => boolean {
  let left = count;
  return (from, text) => left > 0 && matches(from, text) && left-- > 0;
}

t.test('a lost request is sent again and reaches its user once', async (t) => {
  const { alice, bob, target } = await pair(
    t,
    200,
    first(2, (from) => from === 'alice'),
  );
  const outcome = await ask(alice, makeRequest('OPTIONS'), target);
  t.equal(outcome.responses[0]?.status, 200);
  t.equal(bob.counters['understood-request'], 1);
  t.ok(alice.counters['retransmitted-request']! >= 2);
});

t.test('a lost response is repeated when the request comes again, without the user', async (t) => {
  const { alice, bob, target } = await pair(
    t,
    200,
    first(2, (from) => from === 'bob'),
  );
  t.equal((await ask(alice, makeRequest('OPTIONS'), target)).responses[0]?.status, 200);
  t.equal(bob.counters['understood-request'], 1);
  t.ok(bob.counters['understood-retransmission']! >= 2);
});

t.test('a refusal with a lost final and a lost ACK ends well on both sides', async (t) => {
  const lost = [
    first(1, (from, text) => from === 'bob' && text.includes(' 486 ')),
    first(2, (from, text) => from === 'alice' && text.startsWith('ACK')),
  ];
  const { alice, bob, target, invites, acks } = await pair(t, 486, (from, text) =>
    lost.some((lose) => lose(from, text)),
  );
  t.equal((await ask(alice, makeRequest('INVITE'), target)).responses.at(-1)?.status, 486);
  await eventually('the ACK arrives', () => invites[0]?.ended === 'done');
  t.equal(invites.length, 1);
  t.equal(acks.length, 0, 'the ACK to a refusal is absorbed');
  t.ok(bob.counters['retransmitted-response']! >= 3);
  t.equal(unaccounted(alice.counters) + unaccounted(bob.counters), 0);
});

t.test('a lost 200 is repeated until its ACK, and the ACK reaches the user', async (t) => {
  const lost = [
    first(2, (from, text) => from === 'bob' && text.includes(' 200 ')),
    first(1, (from, text) => from === 'alice' && text.startsWith('ACK')),
  ];
  const { alice, target, invites, acks } = await pair(t, 200, (from, text) => lost.some((lose) => lose(from, text)));
  let answers = 0;
  const invite = makeRequest('INVITE');
  alice.request(invite, target, {
    response(response) {
      answers++;
      void alice.send(ackTo(invite, response), target);
    },
    failed: (why) => t.fail(why),
  });
  await eventually('the ACK arrives', () => invites[0]?.ended === 'done');
  t.ok(answers >= 2, 'every copy of the 200 is told');
  t.equal(acks.length, 1);
});

t.test('a 200 that is never acknowledged is told as a time-out', async (t) => {
  const { alice, target, invites } = await pair(t, 200);
  await ask(alice, makeRequest('INVITE'), target);
  await eventually('timer H', () => invites[0]?.ended === 'timeout');
  t.equal(invites[0]?.transaction.finalStatus, 200);
});

t.test('nobody there: INVITE and the rest time out after 64·T1', async (t) => {
  const { alice, target } = await pair(t, 0, (from) => from === 'bob');
  const began = Date.now();
  const outcomes = await Promise.all([
    ask(alice, makeRequest('INVITE'), target),
    ask(alice, makeRequest('OPTIONS'), target),
  ]);
  t.same(
    outcomes.map(({ failed }) => failed),
    ['timeout', 'timeout'],
  );
  t.ok(Date.now() - began >= 64 * quickTimers.t1Ms - 5);
});

t.test('100 is sent for a user that thinks, and never told to the other', async (t) => {
  const { alice, target, invites } = await pair(t, 0);
  const statuses: number[] = [];
  alice.request(makeRequest('INVITE'), target, {
    response: ({ status }) => void statuses.push(status),
    failed: (why) => t.fail(why),
  });
  await eventually('the INVITE arrives', () => invites.length === 1);
  await eventually('100 arrives', () => alice.counters['understood-response'] === 1);
  t.same(statuses, []);
  const { transaction } = invites[0]!;
  for (const status of [180, 183, 404])
    transaction.respond(makeResponse(transaction.request, { status, toTag: 'bob' }));
  await eventually('the final arrives', () => statuses.includes(404));
  t.same(statuses, [180, 183, 404]);
});

t.test('CANCEL waits for a provisional response and ends the INVITE with 487', async (t) => {
  const sentInOrder: string[] = [];
  const losesFirst200 = first(1, (from, text) => from === 'bob' && text.includes(' 200 '));
  const { alice, bob, target, invites } = await pair(t, 0, (from, text) => {
    sentInOrder.push(text.slice(0, 'SIP/2.0 100'.length));
    return losesFirst200(from, text);
  });
  const statuses: number[] = [];
  let sent: ClientTransaction | undefined;
  const done = new Promise<void>((resolve) => {
    sent = alice.request(makeRequest('INVITE'), target, {
      response({ status }) {
        statuses.push(status);
        if (status >= 200) resolve();
      },
      failed: (why) => t.fail(why),
    });
  });
  sent?.cancel([{ name: 'Reason', value: 'SIP;cause=200;text="Call completed elsewhere"' }]);
  await done;
  const provisionalAt = sentInOrder.indexOf('SIP/2.0 100');
  const cancelAt = sentInOrder.findIndex((line) => line.startsWith('CANCEL'));
  t.ok(provisionalAt >= 0 && cancelAt > provisionalAt, 'no CANCEL before a provisional response');
  t.same(statuses, [487]);
  t.equal(bob.counters['understood-cancel'], 1);
  await eventually('the ACK arrives', () => invites[0]?.ended === 'done');
});

t.test('a CANCEL for nothing is told as such', async (t) => {
  const { bob, target } = await pair(t, 0);
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const text =
    'CANCEL sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKnone\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: c\r\nCSeq: 1 CANCEL\r\n\r\n';
  socket.send(text, target.port!, '127.0.0.1');
  t.match(String((await once(socket, 'message'))[0]), /^SIP\/2\.0 481 /);
  t.equal(unaccounted(bob.counters), 0);
});

t.test('peers that predate RFC 3261 are matched by what they send (RFC 3261 §17.2.3)', async (t) => {
  const { bob, target, invites } = await pair(t, 486);
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const text = (method: string, to: string) =>
    `${method} sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${socket.address().port}\r\nFrom: <sip:a@b>\r\nTo: <sip:x@y>${to}\r\nCall-ID: old\r\nCSeq: 7 ${method}\r\n\r\n`;
  socket.send(text('INVITE', ''), target.port!, '127.0.0.1');
  await once(socket, 'message');
  socket.send(text('INVITE', ''), target.port!, '127.0.0.1');
  await once(socket, 'message');
  socket.send(text('ACK', ';tag=bob'), target.port!, '127.0.0.1');
  await eventually('the ACK is matched', () => invites[0]?.ended === 'done');
  t.equal(invites.length, 1);
  t.ok(bob.counters['understood-retransmission']! >= 1);
});

t.test('a dead address or a 503 leads to the next one (RFC 3263 §4.3)', async (t) => {
  const good = await pair(t, 200);
  const busy = await pair(t, 503);
  const records = [
    { name: 'dead.test', port: 9, priority: 1, weight: 1 },
    { name: 'busy.test', port: busy.target.port!, priority: 2, weight: 1 },
    { name: 'good.test', port: good.target.port!, priority: 3, weight: 1 },
  ];
  const alice = await startLayer(t, {
    timers: quickTimers,
    random: seededRandom(1),
    dns: {
      resolveNaptr: () => Promise.reject(new Error('ENODATA')),
      resolveSrv: (name) =>
        name === '_sip._udp.carrier.test' ? Promise.resolve(records) : Promise.reject(new Error('ENODATA')),
      lookup: (name) =>
        name === 'nowhere.test'
          ? Promise.reject(new Error('ENOTFOUND'))
          : Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    },
  });
  const outcome = await ask(alice, makeRequest('INVITE'), { host: 'carrier.test' });
  t.same(
    outcome.responses.map(({ status }) => status),
    [200],
    'the 503 is not told',
  );
  t.equal(busy.invites.length, 1);
  await eventually('the 503 has its ACK', () => busy.invites[0]?.ended === 'done');
  t.equal((await ask(alice, makeRequest('INVITE'), { host: 'nowhere.test', port: 5060 })).failed, 'dns');
  t.equal(
    (await ask(alice, makeRequest('OPTIONS'), { protocol: 'tcp', host: '127.0.0.1', port: 9 })).failed,
    'transport',
  );
});

t.test('the user may put its address into the request when the flow is known', async (t) => {
  const { alice, target, invites } = await pair(t, 486);
  const order: string[] = [];
  const request = makeRequest('INVITE');
  await new Promise<void>((resolve) => {
    alice.request(request, target, {
      prepare(outgoing, flow) {
        order.push('prepare');
        outgoing.headers.push({ name: 'Contact', value: `<sip:${flow.localAddress}:${flow.localPort}>` });
      },
      sent: (outgoing, text) =>
        void order.push(`sent ${outgoing.method} ${text.includes('\r\nContact: <sip:127.0.0.1:')}`),
      response: () => resolve(),
      failed: (why) => t.fail(why),
    });
    order.push('returned');
  });
  t.same(order, ['returned', 'prepare', 'sent INVITE true']);
  t.match(header(invites[0]!.transaction.request, 'contact'), /^<sip:127\.0\.0\.1:\d+>$/);
  t.equal(header(request, 'contact'), undefined, "the caller's own request is left alone");
});

t.test('a user that throws is answered for with 500 and hurts nobody else', async (t) => {
  const { alice, bob, target } = await pair(t, 200);
  bob.onRequest(({ request, respond }) => {
    if (request.uri) throw new Error('a fault of the transaction user');
    respond(makeResponse(request, { status: 200 }));
  });
  t.equal((await ask(alice, makeRequest('OPTIONS'), target)).responses[0]?.status, 500);
  t.equal(bob.counters['fault'], 1);
});

t.test('above the limit new requests get 503 with Retry-After', async (t) => {
  const bob = await startLayer(t, { maxServerTransactions: 1, retryAfterSeconds: 7 });
  bob.onRequest(() => {});
  const alice = await startLayer(t);
  alice.request(makeRequest('INVITE'), targetOf(bob), { response: () => {}, failed: () => {} });
  await eventually('the first is taken', () => bob.counters['understood-request'] === 1);
  const outcome = await ask(alice, makeRequest('OPTIONS'), targetOf(bob));
  t.equal(outcome.responses[0]?.status, 503);
  t.equal(header(outcome.responses[0]!, 'retry-after'), '7');
  t.equal(bob.counters['answered-503'], 1);
  t.equal(unaccounted(bob.counters), 0);
});

t.test('every torture message is accounted for', async (t) => {
  const bob = await startLayer(t, { timers: quickTimers });
  bob.onRequest((transaction) => transaction.respond(makeResponse(transaction.request, { status: 404, toTag: 'x' })));
  bob.onAck(() => {});
  const folder = join(projectRoot, 'test/fixtures/torture');
  const files = readdirSync(folder).filter((file) => file.endsWith('.dat'));
  // Their Via names hosts that are not here: answers go nowhere, as they do to forged requests.
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  for (const file of files) socket.send(readFileSync(join(folder, file)), bob.listening[0]!.localPort, '127.0.0.1');
  await eventually('all have arrived', () => bob.counters['received'] === files.length);
  t.equal(unaccounted(bob.counters), 0);
  t.equal(bob.counters['fault'], undefined);
  t.ok(
    bob.counters['answered-400']! > 10 && bob.counters['answered-505'] === 1 && bob.counters['dropped-malformed'] === 3,
  );
  t.equal(bob.counters['dropped-unmatched-response'], 3, 'unreason, noreason and bcast answer nothing of ours');
});

t.test('a thousand requests through a network that loses a fifth all end, each told once', async (t) => {
  const seed = Date.now() % 1e6;
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  // A thousand at once take their time: quicker timers would only add to the crowd.
  const patient = { t1Ms: 100, t2Ms: 400 };
  const { alice, bob, target } = await pair(t, 200, () => random.next() < 0.2, patient);
  const outcomes = await Promise.all(Array.from({ length: 1000 }, () => ask(alice, makeRequest('MESSAGE'), target)));
  const answered = outcomes.filter(({ responses }) => responses.length === 1 && responses[0]!.status === 200).length;
  t.equal(answered + outcomes.filter(({ failed }) => failed === 'timeout').length, 1000);
  t.ok(answered > 980, `${answered} answered`);
  await eventually(
    'every transaction has ended and is forgotten',
    () => [alice, bob].every(({ live }) => live?.server === 0 && live.client === 0),
    { withinMs: 20_000 },
  );
  t.equal(unaccounted(alice.counters) + unaccounted(bob.counters), 0);
});
