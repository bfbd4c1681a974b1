import t from 'tap';
import { formatAddress, parseAddress, parseAddressList, tagOf } from './address.ts';
import { splitList } from './params.ts';

t.test('the forms of RFC 3261 §20.10 are understood', async (t) => {
  t.same(parseAddress('"Mr. Watson" <sip:watson@worcester.bell.com>;q=0.7; expires=3600'), {
    displayName: 'Mr. Watson',
    uri: 'sip:watson@worcester.bell.com',
    params: [
      { name: 'q', value: '0.7' },
      { name: 'expires', value: '3600' },
    ],
  });
  t.same(parseAddress('sip:c8oqz84zk7z@privacy.org;tag=hyh8'), {
    uri: 'sip:c8oqz84zk7z@privacy.org',
    params: [{ name: 'tag', value: 'hyh8' }],
  });
  t.match(parseAddress('Anonymous <sip:anon@x>'), { displayName: 'Anonymous', uri: 'sip:anon@x' });
  t.match(parseAddress('<sip:a@b;transport=tcp;lr>'), { uri: 'sip:a@b;transport=tcp;lr', params: [] });
  t.match(parseAddress('"a \\"<b>\\" \\\\" <sip:a@b>'), { displayName: 'a "<b>" \\', uri: 'sip:a@b' });
});

t.test('what does not follow the grammar is undefined', async (t) => {
  for (const text of [
    '',
    '"open <sip:a@b>',
    '"a" sip:a@b',
    '<sip:a@b',
    'sip:a@b?x=y',
    'sip:a b@c',
    'a',
    '<sip:a@b> x',
    '<>',
    '<sip:>',
  ]) {
    t.equal(parseAddress(text), undefined, text);
  }
  t.equal(parseAddressList('<sip:a@b>,'), undefined);
});

t.test('lists split at commas outside quotes and brackets', async (t) => {
  const list = parseAddressList('"Bell, A." <sip:a,b@c>;x="1,2", sip:d@e;lr , <sip:f@g>');
  t.same(
    list?.map(({ uri }) => uri),
    ['sip:a,b@c', 'sip:d@e', 'sip:f@g'],
  );
  t.same(splitList('a, "b,\\"c" ,d'), ['a', '"b,\\"c"', 'd']);
});

t.test('the tag is found wherever it stands, and only when it is a header parameter', async (t) => {
  t.equal(tagOf('<sip:a@b>;tag=1'), '1');
  t.equal(tagOf('<sip:a@b>;x=y;tag=1;z'), '1');
  t.equal(tagOf('sip:a@b;tag=1'), '1');
  t.equal(tagOf('<sip:a@b> ; TAG = 1 '), '1');
  t.equal(tagOf('<sip:a@b;tag=1>'), undefined);
  t.equal(tagOf('";tag=no" <sip:a@b>'), undefined);
  t.equal(tagOf('";tag=no" <sip:a@b>;tag=yes'), 'yes');
});

t.test('an address is written with its name quoted', async (t) => {
  const text = formatAddress({ displayName: 'a "b" \\', uri: 'sip:a@b', params: [{ name: 'tag', value: '1' }] });
  t.equal(text, '"a \\"b\\" \\\\" <sip:a@b>;tag=1');
  t.equal(parseAddress(text)?.displayName, 'a "b" \\');
});
