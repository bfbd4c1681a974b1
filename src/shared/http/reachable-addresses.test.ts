import t from 'tap';
import { createReach, isNetwork } from './reachable-addresses.ts';

t.test('the public internet is reached; what is special is not, in whatever disguise', async (t) => {
  const reach = createReach([]);
  for (const address of ['8.8.8.8', '203.0.114.1', '2606:4700:4700::1111', '2001:4860:4860::8888'])
    t.equal(reach(address), 'public', address);
  const forbidden = [
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255', '198.18.0.1', '192.0.0.192'],
    ...['::1', '::', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '64:ff9b:1::1'],
    ...['fe80::1', 'fc00::1', 'fd12::1', 'ff02::1', '2002:7f00:1::', '2001:db8::1', '2001::1', '::7f00:1', '100::1'],
    ...['crm.example', '', '127.1', '0x7f000001', '2130706433'],
  ];
  for (const address of forbidden) t.equal(reach(address), 'forbidden', address);
});

t.test('of private networks only those that are listed are reached', async (t) => {
  const reach = createReach(['10.1.0.0/16', '127.0.0.1', 'fd12:3456::/32']);
  for (const address of ['10.1.2.3', '127.0.0.1', '::ffff:10.1.2.3', 'fd12:3456::1'])
    t.equal(reach(address), 'listed', address);
  for (const address of ['10.2.0.1', '127.0.0.2', 'fd12:3457::1', '::1']) t.equal(reach(address), 'forbidden', address);
});

t.test('a network is written as CIDR or as one address', async (t) => {
  for (const text of ['10.0.0.0/8', '10.1.2.3', '::1', 'fd00::/8', '0.0.0.0/0']) t.ok(isNetwork(text), text);
  for (const text of ['10.0.0.0/33', '10.0.0/8', 'host', '', '10.0.0.0/', '10.0.0.0/x', 'fd00::/129'])
    t.notOk(isNetwork(text), text);
});
