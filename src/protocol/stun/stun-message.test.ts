// STUN messages against the test vectors of RFC 5769 and against noise.

import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { decodeStun, encodeStun, longTermKey, stunLength, verifyStun } from './stun-message.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** RFC 5769 §2.4: the user name is not ASCII; its password after SASLprep is TheMatrIX. */
const longTermRequest = hex(`
  00010060 2112a442 78ad3433 c6ad72c0 29da412e
  00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000
  0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341
  0014000b 6578616d 706c652e 6f726700
  00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666`);

t.test('a request with long-term credentials is that of RFC 5769 §2.4', (t) => {
  const message = decodeStun(longTermRequest);
  t.match(message, { method: 'binding', class: 'request', username: 'マトリックス', realm: 'example.org' });
  const key = longTermKey({ username: 'マトリックス', realm: 'example.org', password: 'TheMatrIX' });
  t.ok(verifyStun(longTermRequest, key));
  t.same(encodeStun(message!, key), longTermRequest);
  t.notOk(verifyStun(longTermRequest, longTermKey({ username: 'x', realm: 'example.org', password: 'TheMatrIX' })));
  t.end();
});

t.test('mapped addresses are those of RFC 5769 §2.2 and §2.3', (t) => {
  const transaction = 'b7e7a701 bc34d686 fa87dfae';
  const four = decodeStun(hex(`0101000c 2112a442 ${transaction} 00200008 0001a147 e112a643`));
  t.same(four?.mappedAddress, { address: '192.0.2.1', port: 32_853 });
  const six = decodeStun(hex(`01010018 2112a442 ${transaction} 00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9`));
  t.same(six?.mappedAddress, { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 });
  t.end();
});

t.test('what is written is read again', (t) => {
  const message = {
    method: 'allocate',
    class: 'error',
    transactionId: Buffer.alloc(12, 7),
    error: { code: 438, reason: 'Stale Nonce' },
    relayedAddress: { address: '198.51.100.7', port: 50_000 },
    peerAddress: { address: '2001:db8:0:0:0:0:0:1', port: 1 },
    lifetimeSeconds: 600,
    requestedTransport: 17,
    data: Buffer.from('a voice'),
    software: 'x',
  } as const;
  t.same(decodeStun(encodeStun(message)), message);
  t.same(
    decodeStun(encodeStun({ ...message, peerAddress: { address: '2001:db8::1', port: 1 } })),
    message,
    'a short form of the same address',
  );
  t.end();
});

t.test('noise is refused or read, and never throws', (t) => {
  const random = seededRandom(20_260_101);
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = Buffer.from(longTermRequest);
    for (let change = 0; change < 4; change += 1) bytes[random.integer(0, bytes.length)] = random.integer(0, 256);
    const cut = bytes.subarray(0, random.integer(0, bytes.length + 1));
    decodeStun(cut);
    verifyStun(cut, Buffer.alloc(16));
    stunLength(cut);
  }
  t.equal(decodeStun(Buffer.alloc(0)), undefined);
  t.equal(decodeStun(Buffer.from('INVITE sip:a@b SIP/2.0')), undefined);
  t.end();
});
