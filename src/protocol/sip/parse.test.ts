import t from 'tap';
import { parseCSeq, parseRAck } from './cseq.ts';
import { makeAck, makeCancel } from './make-request.ts';
import { makeResponse } from './make-response.ts';
import { header, headerLines, type SipRequest, type SipResponse } from './message.ts';
import { type ParsedMessage, type ParseResult, parseMessage } from './parse.ts';
import { serialize, serializeText } from './serialize.ts';

const lines = [
  'INVITE sip:bob@biloxi.com SIP/2.0',
  'Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds',
  'Max-Forwards: 70',
  'To: Bob <sip:bob@biloxi.com>',
  'From: Alice <sip:alice@atlanta.com>;tag=1928301774',
  'Call-ID: a84b4c76e66710@pc33.atlanta.com',
  'CSeq: 314159 INVITE',
  'Route: <sip:p1.example.com;lr>',
  'Contact: <sip:alice@pc33.atlanta.com>',
];

function parse(change: (lines: string[]) => string[] = (same) => same, body = ''): ParseResult {
  return parseMessage(Buffer.from(`${change([...lines]).join('\r\n')}\r\n\r\n${body}`));
}

function replace(index: number, line: string): (lines: string[]) => string[] {
  return (all) => all.map((one, at) => (at === index ? line : one));
}

function request(result: ParseResult): ParsedMessage & { message: SipRequest } {
  if (result.kind !== 'message' || result.message.kind !== 'request') throw new Error(`this is ${result.kind}`);
  return result as ParsedMessage & { message: SipRequest };
}

t.test('a request is understood and written again as it was', async (t) => {
  const { message, cseq, callId, fromTag, toTag, via, text, viaStart, viaEnd } = request(parse());
  t.equal(message.method, 'INVITE');
  t.equal(message.uri, 'sip:bob@biloxi.com');
  t.same(cseq, { number: 314159, method: 'INVITE' });
  t.same(
    [callId, fromTag, toTag, via.branch],
    ['a84b4c76e66710@pc33.atlanta.com', '1928301774', undefined, 'z9hG4bK776asdhds'],
  );
  t.equal(text.slice(viaStart, viaEnd), 'SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds');
  t.equal(serializeText(message), `${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
});

t.test('compact names, any case, folded lines and lone line feeds are understood', async (t) => {
  const { message } = request(parse((all) => [...all, 'sUbJeCt : a', '\t b', '  c', 'k: 100rel,', ' timer']));
  t.equal(header(message, 'subject'), 'a b c');
  t.equal(header(message, 'supported'), '100rel, timer');
  const bare = parseMessage(Buffer.from(`\r\n\r\n${lines.join('\n')}\n\nbody`));
  t.equal(request(bare).message.body.toString(), 'body');
  t.equal(request(bare).text.slice(request(bare).viaStart, request(bare).viaEnd), lines[1]!.slice(5));
});

t.test('the body is what Content-Length says, and all that is left without it', async (t) => {
  t.equal(request(parse((all) => [...all, 'l: 3'], 'abcdef')).message.body.toString(), 'abc');
  t.match(request(parse((all) => [...all, 'l: 3'], 'abcdef')).text, /\r\n\r\nabc$/);
  t.equal(request(parse(undefined, 'abcdef')).message.body.toString(), 'abcdef');
  const japanese = request(parse((all) => [...all, 'Subject: 電話', 'l: 6'], '日本語'));
  t.equal(japanese.message.body.toString(), '日本');
  t.equal(header(japanese.message, 'subject'), '電話');
  t.match(japanese.text, /\r\n\r\n日本$/);
});

t.test('what every element must refuse is refused with a status', async (t) => {
  const bad: [string, (lines: string[]) => string[], number | undefined][] = [
    ['another version', replace(0, 'INVITE sip:bob@biloxi.com SIP/3.0'), 505],
    ['no version', replace(0, 'INVITE sip:bob@biloxi.com'), 400],
    ['a method that is no token', replace(0, 'INV(TE sip:bob@biloxi.com SIP/2.0'), 400],
    ['a broken Request-URI', replace(0, 'INVITE sip:2001:db8::10 SIP/2.0'), 400],
    ['another method in CSeq', replace(6, 'CSeq: 1 BYE'), 400],
    ['CSeq of 2^32', replace(6, 'CSeq: 4294967296 INVITE'), 400],
    ['two To headers', (all) => [...all, 't: <sip:x@y>'], 400],
    ['Max-Forwards of 256', replace(2, 'Max-Forwards: 256'), 400],
    ['a negative Content-Length', (all) => [...all, 'Content-Length: -1'], 400],
    ['a header without a name', (all) => [...all, ': x'], 400],
    ['a line without a colon', (all) => [...all, 'hello'], 400],
    ['a second Contact that is none', (all) => [...all, 'Contact: <sip:a@b>, nonsense'], 400],
    ['no Via to answer to', (all) => all.filter((_, at) => at !== 1), undefined],
    ['no Call-ID', (all) => all.filter((_, at) => at !== 5), undefined],
  ];
  for (const [what, change, status] of bad) {
    const result = parse(change);
    t.equal(result.kind, 'malformed', what);
    if (result.kind === 'malformed') t.equal(result.status, status, `${what}: ${result.because}`);
  }
  const ack = parse((all) => replace(0, 'ACK sip:bob@biloxi.com SIP/2.0')(all));
  t.match(ack, { kind: 'malformed', status: undefined }, 'an ACK is never answered');
  t.match(parse(replace(0, 'SIP/2.0 99 x')), { kind: 'malformed', status: undefined }, 'nor is a response');
});

t.test('a refused request keeps what an answer needs, once each', async (t) => {
  const result = parse((all) => [...all, 'CSeq: 1 BYE', 'Via: SIP/2.0/TCP second', 'To: <sip:other@x>']);
  if (result.kind !== 'malformed' || !result.partial) throw new Error('not refused');
  const text = serializeText(makeResponse(result.partial, { status: result.status!, toTag: 'x' }));
  t.equal(
    text,
    [
      'SIP/2.0 400 Bad Request',
      lines[1],
      'Via: SIP/2.0/TCP second',
      lines[4],
      `${lines[3]};tag=x`,
      lines[5],
      lines[6],
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
});

t.test('keep-alives and oversized messages are told apart', async (t) => {
  for (const text of ['', '\r\n', '\r\n\r\n', '\0', '\0\0\0\0', '  '])
    t.equal(parseMessage(Buffer.from(text)).kind, 'keepalive');
  t.match(parseMessage(Buffer.alloc(70_000, 0x41)), { kind: 'malformed', status: undefined });
  t.match(parseMessage(Buffer.from('\x00\x01\x00\x08\x21\x12\xa4\x42aaaaaaaaaaaa')), { kind: 'malformed' });
});

t.test('a response copies what RFC 3261 §8.2.6 says', async (t) => {
  const { message } = request(parse((all) => [...all, 'Timestamp: 54']));
  const trying = makeResponse(message, { status: 100 });
  t.equal(header(trying, 'timestamp'), '54');
  t.equal(header(trying, 'to'), 'Bob <sip:bob@biloxi.com>', 'a 100 has no tag');
  const ok = makeResponse(message, {
    status: 200,
    toTag: 'abc',
    headers: [{ name: 'Contact', value: '<sip:x@y>' }],
    body: 'v=0',
  });
  t.equal(header(ok, 'to'), 'Bob <sip:bob@biloxi.com>;tag=abc');
  t.equal(ok.reason, 'OK');
  t.equal(header(ok, 'timestamp'), undefined);
  const again = makeResponse({ ...message, headers: ok.headers }, { status: 486, toTag: 'other' });
  t.equal(header(again, 'to'), 'Bob <sip:bob@biloxi.com>;tag=abc', 'a tag stays');
});

t.test('ACK to a refusal and CANCEL stay in the transaction of their INVITE', async (t) => {
  const { message: invite } = request(parse((all) => [...all, 'Via: SIP/2.0/UDP second', 'Authorization: Digest x']));
  const refusal: SipResponse = makeResponse(invite, { status: 486, toTag: 'tt' });
  const ack = makeAck(invite, refusal);
  t.same(headerLines(ack, 'via'), ['SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds']);
  t.equal(header(ack, 'to'), 'Bob <sip:bob@biloxi.com>;tag=tt');
  t.equal(header(ack, 'cseq'), '314159 ACK');
  t.equal(header(ack, 'route'), '<sip:p1.example.com;lr>');
  const cancel = makeCancel(invite, [{ name: 'Reason', value: 'SIP;cause=200' }]);
  t.equal(header(cancel, 'to'), 'Bob <sip:bob@biloxi.com>');
  t.equal(header(cancel, 'cseq'), '314159 CANCEL');
  t.equal(header(cancel, 'reason'), 'SIP;cause=200');
  for (const name of ['contact', 'authorization']) t.equal(header(cancel, name), undefined);
  t.equal(parseMessage(serialize(cancel)).kind, 'message');
  t.equal(parseMessage(serialize(ack)).kind, 'message');
});

t.test("no caller's text can add a header", async (t) => {
  const { message } = request(parse());
  message.headers.push({ name: 'Subject', value: 'x\r\nEvil: yes' }, { name: 'A\r\nEvil', value: 'y' });
  const text = serializeText({ ...message, uri: 'sip:a@b\r\nEvil:' });
  t.notMatch(text, /^Evil/m);
  t.match(text, /^Subject: x Evil: yes\r$/m);
});

t.test('CSeq and RAck are numbers below 2^32 and a method', async (t) => {
  t.same(parseCSeq('0009   INVITE'), { number: 9, method: 'INVITE' });
  t.same(parseCSeq('4294967295 BYE'), { number: 4294967295, method: 'BYE' });
  for (const text of ['', '1', 'x INVITE', '-1 INVITE', '1 INVITE x', '1.5 INVITE'])
    t.equal(parseCSeq(text), undefined, text);
  t.same(parseRAck('776656 1 INVITE'), { rseq: 776656, cseq: { number: 1, method: 'INVITE' } });
  t.equal(parseRAck('776656 INVITE'), undefined);
});
