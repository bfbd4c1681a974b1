// The carrier and its customers, as a program of its own inside the carrier's namespace. Each customer sends a tone, measures the pauses in
// what it hears, and hangs up after its time.

import { type Customer, createCarrier } from '../support/sip/carrier.ts';
import { type CarrierOrder, onOrder, report } from './ipc.ts';

const lookEveryMs = 100;
const pauseFromMs = 500;
/** An INVITE that nobody answers: the caller gives up. */
const patienceMs = 30_000;

const carrier = await createCarrier({ teardown: () => undefined });
const calling = new Set<Customer>();

onOrder<CarrierOrder>((order) => {
  if (order.kind === 'call') void place(order);
  else for (const customer of calling) hangUp(customer);
});

/** A BYE is sent again until it is answered (RFC 3261 §17.1.2.2): the simulated customer itself sends it once. */
function hangUp(customer: Customer): void {
  const wasTalking = customer.state === 'talking';
  customer.hangUp();
  if (wasTalking)
    setTimeout(
      () =>
        void customer
          .request('BYE')
          .catch(() => customer.request('BYE'))
          .catch(() => {}),
      500,
    );
}

async function place(order: Extract<CarrierOrder, { kind: 'call' }>, passed = 0): Promise<void> {
  carrier.connect(order.sip[passed]!);
  const customer = await carrier.callIn({ dialled: order.dialled, from: order.from, toneHz: 440 });
  calling.add(customer);
  const startedAt = Date.now();
  let answeredAt = 0;
  let heardAt = 0;
  const pausesMs: number[] = [];
  const look = setInterval(() => {
    const now = Date.now();
    if (customer.state === 'talking') {
      if (answeredAt === 0) {
        answeredAt = now;
        heardAt = now;
      }
      if (customer.rtp.pcm(lookEveryMs).length > 0) {
        if (now - heardAt > pauseFromMs) pausesMs.push(now - heardAt);
        heardAt = now;
      }
      if (now - answeredAt > order.talkMs) hangUp(customer);
    } else if (customer.state === 'calling' && now - startedAt > patienceMs) customer.hangUp();
    if (customer.state !== 'ended' && customer.state !== 'refused') return;
    clearInterval(look);
    calling.delete(customer);
    const { status, endedBy } = customer;
    if (status === 503 && answeredAt === 0 && passed + 1 < order.sip.length) return void place(order, passed + 1);
    const talkedMs = answeredAt === 0 ? 0 : now - answeredAt;
    report({
      kind: 'call-over',
      number: order.number,
      answered: answeredAt > 0,
      passed,
      status,
      endedBy,
      talkedMs,
      pausesMs,
    });
  }, lookEveryMs);
}
