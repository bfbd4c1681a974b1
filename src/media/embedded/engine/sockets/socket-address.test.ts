// Addresses as the system calls take them: known bytes, and there and back.

import t from 'tap';
import { seededRandom } from '../../../../shared/random.ts';
import { readSocketAddress, writeSocketAddress } from './socket-address.ts';

t.test('an IPv4 address has the bytes of ip(7)', async (test) => {
  const bytes = writeSocketAddress('192.0.2.1', 5004)!;
  test.equal(Buffer.from(bytes).toString('hex'), `0200138c${'c0000201'}${'00'.repeat(8)}`);
  test.same(readSocketAddress(bytes), { address: '192.0.2.1', port: 5004 });
});

t.test('an IPv6 address has the bytes of ipv6(7), and comes back as RFC 5952 writes it', async (test) => {
  const bytes = writeSocketAddress('2001:DB8::0:1', 65535)!;
  test.equal(
    Buffer.from(bytes).toString('hex'),
    `0a00ffff${'00000000'}${'20010db8'}${'00'.repeat(11)}${'01'}${'00000000'}`,
  );
  const same: Record<string, string> = {
    '2001:DB8::0:1': '2001:db8::1',
    '::': '::',
    '::1': '::1',
    'fe80::': 'fe80::',
    '1:0:0:2:0:0:0:3': '1:0:0:2::3',
    '1:2:3:4:5:6:0:8': '1:2:3:4:5:6:0:8',
    '::ffff:192.0.2.1': '::ffff:192.0.2.1',
    '::ffff:c000:201': '::ffff:192.0.2.1',
  };
  for (const [written, read] of Object.entries(same)) {
    test.same(readSocketAddress(writeSocketAddress(written, 4)!), { address: read, port: 4 }, written);
  }
});

t.test('what is no address or port, or has a zone, is none', async (test) => {
  for (const each of ['', 'localhost', '1.2.3', 'fe80::1%eth0', '1:2'])
    test.equal(writeSocketAddress(each, 1), undefined);
  for (const port of [65536, -1, Number.NaN]) test.equal(writeSocketAddress('192.0.2.1', port), undefined);
  test.equal(readSocketAddress(new Uint8Array(28)), undefined);
});

t.test('any address comes back', async (test) => {
  const seed = Date.now();
  test.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 300; round++) {
    const words = Array.from({ length: 8 }, () => (random.integer(0, 2) === 0 ? 0 : random.integer(0, 65536)));
    const written = words.map((word) => word.toString(16)).join(':');
    const port = random.integer(0, 65536);
    const bytes = writeSocketAddress(written, port)!;
    const read = readSocketAddress(bytes)!;
    if (Buffer.compare(writeSocketAddress(read.address, port)!, bytes) !== 0)
      test.fail(`${written} as ${read.address}`);
  }
});
