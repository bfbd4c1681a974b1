import { test } from 'tap';
import { createClientAddress } from './client-address.ts';

const from = (remoteAddress: string, forwarded?: string | string[]) => ({
  headers: (forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }) as Record<string, string>,
  socket: { remoteAddress },
});

test('without trusted proxies nothing that a client says counts', async (t) => {
  t.equal(createClientAddress().of(from('192.0.2.1', '198.51.100.1')), '192.0.2.1');
});

test('a trusted proxy says where a request comes from, as far as trusted proxies say it', async (t) => {
  const { of } = createClientAddress(['10.0.0.0/8', '::1']);
  t.equal(of(from('10.0.0.2', '198.51.100.1')), '198.51.100.1');
  t.equal(
    of(from('::ffff:10.0.0.2', '203.0.113.9, 198.51.100.1, 10.9.9.9')),
    '198.51.100.1',
    'the left was said by the client',
  );
  t.equal(of(from('192.0.2.1', '198.51.100.1')), '192.0.2.1', 'this one is no proxy of ours');
  t.equal(of(from('10.0.0.2')), '10.0.0.2');
  t.equal(of(from('10.0.0.2', '10.0.0.3')), '10.0.0.3');
});
