// RFC 4475: every torture message has its expected treatment, by the parser alone and by the whole lower half over a socket.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAddress, parseAddressList } from '../../src/protocol/sip/address.ts';
import { header, headerLines } from '../../src/protocol/sip/message.ts';
import { type ParsedMessage, parseMessage } from '../../src/protocol/sip/parse.ts';
import { serialize } from '../../src/protocol/sip/serialize.ts';
import { parseUri } from '../../src/protocol/sip/uri.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { expectedTreatment } from '../fixtures/torture/expected.ts';

const folder = join(projectRoot, 'test/fixtures/torture');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.dat'))
  .map((file) => file.slice(0, -4));

function read(name: string): Buffer {
  return readFileSync(join(folder, `${name}.dat`));
}

function understood(name: string): ParsedMessage {
  const parsed = parseMessage(read(name));
  if (parsed.kind !== 'message') throw new Error(`${name} is ${parsed.kind}`);
  return parsed;
}

t.test('the table and the fixtures name the same messages', async (t) => {
  t.same([...names].sort(), Object.keys(expectedTreatment).sort());
});

for (const name of names) {
  t.test(`torture message ${name} has its expected treatment`, async (t) => {
    const expected = expectedTreatment[name]!;
    const parsed = parseMessage(read(name));
    if (expected.verdict === 'message') {
      t.equal(parsed.kind, 'message', parsed.kind === 'malformed' ? parsed.because : '');
      if (parsed.kind !== 'message') return;
      const { message } = parsed;
      if (message.kind === 'request') t.equal(message.method, expected.method);
      else t.equal(message.status, expected.status);
      const again = parseMessage(serialize(message));
      t.equal(again.kind, 'message', 'what we write of it is understood again');
      if (again.kind === 'message') t.same(again.message.body, message.body);
    } else {
      t.equal(parsed.kind, 'malformed');
      if (parsed.kind !== 'malformed') return;
      t.equal(parsed.status, expected.verdict === 'answer' ? expected.status : undefined, parsed.because);
    }
  });
}

t.test('the tortuous INVITE means what RFC 4475 §3.1.1.1 says', async (t) => {
  const { message, via, cseq, toTag, fromTag } = understood('wsinv');
  t.equal(via.host, '192.0.2.2');
  t.equal(via.branch, '390skdjuw');
  t.same(cseq, { number: 9, method: 'INVITE' });
  t.equal(toTag, '1918181833n');
  t.equal(fromTag, '98asjd8');
  t.equal(header(message, 'max-forwards'), '0068');
  t.equal(parseAddress(header(message, 'from')!)?.displayName, 'J Rosenberg \\"');
  t.equal(header(message, 'subject'), '');
  t.equal(header(message, 'newfangledheader'), 'newfangled value continued newfangled value');
  t.equal(headerLines(message, 'via').length, 2);
  const contact = parseAddressList(header(message, 'contact')!)?.[0];
  t.equal(contact?.displayName, 'Quoted string ""');
  t.same(contact?.params, [
    { name: 'newparam', value: 'newvalue' },
    { name: 'secondparam' },
    { name: 'q', value: '0.33' },
  ]);
});

t.test('escapes and odd characters stay in the parts where they belong', async (t) => {
  const wide = understood('intmeth');
  const uri = wide.message.kind === 'request' ? parseUri(wide.message.uri) : undefined;
  t.match(uri, { scheme: 'sip', host: 'example.com', user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*" });
  t.equal(wide.fromTag, "_token~1'+`*%!-.");
  t.equal(header(wide.message, "extensionheader-!.%*+_`'~"), '\ufeff大停電');
  const semicolon = understood('semiuri').message;
  t.match(semicolon.kind === 'request' && parseUri(semicolon.uri), { user: 'user;par=u%40example.net', params: [] });
  const headers = understood('regescrt').message;
  const contact = parseAddressList(header(headers, 'contact')!)?.[0];
  t.match(contact && parseUri(contact.uri), { headers: [{ name: 'Route', value: '%3Csip:sip.example.com%3E' }] });
  t.same(parseAddressList(header(understood('cparam01').message, 'contact')!)?.[0]?.params, [{ name: 'unknownparam' }]);
  t.same(parseAddressList(header(understood('cparam02').message, 'contact')!)?.[0]?.params, []);
});

t.test('bytes after the message of a datagram are ignored', async (t) => {
  const { text, message } = understood('dblreq');
  t.equal(message.body.length, 0);
  t.notMatch(text, /INVITE/);
});

t.test('a binary body passes through untouched', async (t) => {
  const bytes = read('mpart01');
  const { message } = understood('mpart01');
  t.equal(message.body.length, 553);
  t.same(message.body, bytes.subarray(bytes.length - 553));
});
