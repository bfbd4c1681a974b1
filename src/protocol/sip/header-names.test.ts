import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { canonicalHeaderName } from './header-names.ts';
import { header, headerKey, headerLines } from './message.ts';
import { reasonPhrase } from './status.ts';
import { newBranch, newCallId, newTag, sipDate } from './tokens.ts';

t.test('names compare in any case and in their compact form, and are written as the registry does', async (t) => {
  t.same(['Call-ID', 'CALL-id', 'i', 'I'].map(headerKey), ['call-id', 'call-id', 'call-id', 'call-id']);
  t.equal(headerKey('z'), 'z');
  t.same(['call-id', 'cseq', 'www-authenticate', 'min-se', 'rack', 'x-custom-name'].map(canonicalHeaderName), [
    'Call-ID',
    'CSeq',
    'WWW-Authenticate',
    'Min-SE',
    'RAck',
    'X-Custom-Name',
  ]);
  const headers = [
    { name: 'v', value: '1' },
    { name: 'VIA', value: '2' },
  ];
  const message = { kind: 'request', method: 'X', uri: 'sip:a', headers, body: Buffer.alloc(0) } as const;
  t.equal(header(message, 'via'), '1');
  t.same(headerLines(message, 'via'), ['1', '2']);
  t.equal(header(message, 'to'), undefined);
});

t.test('a peer that invents names does not fill the memory or change the answer', async (t) => {
  const invented = Array.from({ length: 5000 }, (_, at) => headerKey(`X-${at}`));
  t.equal(invented[4999], 'x-4999');
  t.equal(headerKey('Subject'), 'subject');
});

t.test('tokens are unique, and a branch carries the cookie', async (t) => {
  const random = seededRandom(7);
  const all = Array.from({ length: 1000 }, () => [newBranch(random), newTag(random), newCallId(random)]).flat();
  t.equal(new Set(all).size, 3000);
  t.match(newBranch(random), /^z9hG4bK[0-9a-z]{18}$/);
});

t.test('dates and reason phrases are those of the standard', async (t) => {
  t.equal(sipDate(Date.UTC(2010, 10, 13, 23, 29, 0)), 'Sat, 13 Nov 2010 23:29:00 GMT');
  t.equal(reasonPhrase(486), 'Busy Here');
  t.equal(reasonPhrase(499), 'Client Error');
});
