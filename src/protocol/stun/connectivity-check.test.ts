// Connectivity checks against the request and the response of RFC 5769 §2.1 and §2.2.

import t from 'tap';
import { answerToCheck, isSignedWith, readCheck } from './connectivity-check.ts';
import { decodeStun, encodeStun, verifyStun, withFingerprint } from './stun-message.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const password = 'VOkJxbRl1RmTxUk/WvJxBt';
const request = hex(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae
  80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff
  80290008 932ff9b1 51263b36
  00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
  80280004 e57a3bcf`);

t.test('a check says whose it is, and only the password proves it', (t) => {
  const check = readCheck(request);
  t.match(check, { usernameFragment: 'evtj', nominates: false });
  t.ok(isSignedWith(request, password));
  t.notOk(isSignedWith(request, 'another password'));
  const changed = Buffer.from(request);
  changed[55]! ^= 1;
  t.notOk(isSignedWith(changed, password), 'nothing in it can be changed on the way');
  t.end();
});

t.test('the answer tells where it came from, signed and with the fingerprint of RFC 5769', (t) => {
  const answer = answerToCheck(readCheck(request)!, { address: '192.0.2.1', port: 32_853 }, password);
  t.match(decodeStun(answer), { class: 'success', mappedAddress: { address: '192.0.2.1', port: 32_853 } });
  t.ok(verifyStun(answer, Buffer.from(password)));
  t.same(withFingerprint(cut(request)), request, 'FINGERPRINT is the one of the vector');
  t.end();
});

/** Without its FINGERPRINT. */
function cut(bytes: Buffer): Buffer {
  const out = Buffer.from(bytes.subarray(0, -8));
  out.writeUInt16BE(out.length - 20, 2);
  return out;
}

t.test('USE-CANDIDATE nominates', (t) => {
  const transactionId = Buffer.alloc(12, 3);
  const bytes = { method: 'binding', class: 'request', transactionId, username: 'a:b', useCandidate: true } as const;
  t.match(readCheck(encodeStun(bytes)), { usernameFragment: 'a', nominates: true });
  t.end();
});

t.test('what is no check is none', (t) => {
  const transactionId = Buffer.alloc(12, 3);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from([0x80, 0, 1]),
    request.subarray(0, 40),
    encodeStun({ method: 'binding', class: 'success', transactionId, username: 'a:b' }),
    encodeStun({ method: 'allocate', class: 'request', transactionId, username: 'a:b' }),
    encodeStun({ method: 'binding', class: 'request', transactionId, username: 'a' }),
    encodeStun({ method: 'binding', class: 'request', transactionId }),
  ])
    t.equal(readCheck(bytes), undefined);
  t.end();
});
