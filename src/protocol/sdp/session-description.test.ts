import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { parseSdp, serializeSdp } from './session-description.ts';

export const typical = [
  'v=0',
  'o=carrier 2890844526 2890842807 IN IP4 203.0.113.5',
  's=A call',
  'i=Something to say',
  'c=IN IP4 203.0.113.5',
  'b=AS:64',
  't=0 0',
  'z=unread',
  'a=tool:x 1.0',
  'm=audio 49170 RTP/AVP 0 8 97 101',
  'i=voice',
  'c=IN IP4 203.0.113.6',
  'b=TIAS:64000',
  'y=unknown line',
  'a=rtpmap:97 iLBC/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendrecv',
  'm=video 0/2 RTP/AVP 31',
  '',
].join('\r\n');

t.test('a description comes out as it went in, unknown lines included', async (t) => {
  const parsed = parseSdp(typical);
  if (parsed.kind !== 'ok') return t.fail(parsed.because);
  t.equal(serializeSdp(parsed.description), typical);
  t.equal(parsed.description.media[1]!.portCount, 2);
});

t.test('bare LF line ends are read', async (t) => {
  t.equal(parseSdp(typical.replaceAll('\r\n', '\n')).kind, 'ok');
});

t.test('what is wrong is said with its line', async (t) => {
  const cases: [string, string, number][] = [
    ['', 'no v= line', 0],
    ['o=- 1 1 IN IP4 127.0.0.1', 'the first line is not v=', 1],
    ['v=1', 'the version is not 0', 1],
    ['v=0\r\ns=-', 'no o= line', 0],
    ['v=0\r\no=- x 1 IN IP4 127.0.0.1', 'o= has an id or version that is no number', 2],
    ['v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nm=audio 70000 RTP/AVP 0', 'm= has a port that is no port', 3],
    ['v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nm=audio 1 RTP/AVP', 'm= is not complete', 3],
    ['v=0\r\nhello', 'a line is not of the form <type>=<value>', 2],
    [`v=0\r\n${'x'.repeat(70_000)}`, 'longer than 64 KiB', 0],
  ];
  for (const [text, because, line] of cases) t.same(parseSdp(text), { kind: 'invalid', because, line }, because);
});

t.test('mutated descriptions give a value, and what is read once is read again', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const until = Date.now() + 1500;
  let runs = 0;
  for (; Date.now() < until; runs++) {
    const bytes = Buffer.from(typical);
    for (let i = random.integer(1, 12); i > 0; i--) bytes[random.integer(0, bytes.length)] = random.integer(0, 256);
    const cut = random.integer(0, 4) === 0 ? random.integer(0, bytes.length) : bytes.length;
    const parsed = parseSdp(bytes.toString('latin1', 0, cut));
    if (parsed.kind !== 'ok') continue;
    const text = serializeSdp(parsed.description);
    const again = parseSdp(text);
    if (again.kind !== 'ok' || serializeSdp(again.description) !== text)
      return t.fail(`not stable, seed ${seed}: ${text}`);
  }
  t.ok(runs > 100, `${runs} runs`);
});
