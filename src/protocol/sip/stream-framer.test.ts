import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { createStreamFramer, type Frame } from './stream-framer.ts';

const small = 'OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n\r\n';
const withBody = 'MESSAGE sip:a@b SIP/2.0\r\nVia: x\r\nl: 5\r\n\r\nhello';

function words(frames: Frame[]): string[] {
  return frames.map((frame) => (frame.kind === 'message' ? frame.bytes.toString() : frame.kind));
}

t.test('messages are found however the bytes arrive', async (t) => {
  const seed = Date.now() % 1e6;
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const stream = Buffer.from(`${small}${withBody}\r\n\r\n${withBody}${small}`);
  for (let round = 0; round < 200; round++) {
    const framer = createStreamFramer();
    const frames: Frame[] = [];
    for (let at = 0; at < stream.length; ) {
      const next = Math.min(stream.length, at + random.integer(1, 40));
      frames.push(...framer.push(stream.subarray(at, next)));
      at = next;
    }
    t.same(
      words(frames).filter((one) => one.length > 4),
      [small, withBody, withBody, small],
    );
    t.equal(framer.pendingBytes, 0);
  }
});

t.test('pings and pongs are told apart (RFC 5626 §4.4.1)', async (t) => {
  const framer = createStreamFramer();
  t.same(words(framer.push(Buffer.from('\r\n\r\n'))), ['ping']);
  t.same(words(framer.push(Buffer.from('\r\n'))), ['pong']);
  t.same(words(framer.push(Buffer.from(`\r\n\r\n${small}`))), ['ping', small]);
  t.same(words(framer.push(Buffer.from(`\r\n${small}`))), [small]);
});

t.test('lost framing and limits break the stream, once', async (t) => {
  const broken: [string, string][] = [
    ['a negative length', 'A b C\r\nContent-Length: -1\r\n\r\n'],
    ['two lengths', 'A b C\r\nContent-Length: 1\r\nl: 1\r\n\r\n'],
    ['a length that is no number', 'A b C\r\nContent-Length: x\r\n\r\n'],
    ['a huge body', 'A b C\r\nContent-Length: 4000000000\r\n\r\n'],
    ['a head without end', 'x'.repeat(40_000)],
  ];
  for (const [what, text] of broken) {
    const framer = createStreamFramer();
    const frames = framer.push(Buffer.from(text));
    t.equal(frames[0]?.kind, 'broken', what);
    t.same(framer.push(Buffer.from(small)), [], 'nothing more is taken');
  }
});

t.test('a slow sender does not make the search start over', async (t) => {
  const framer = createStreamFramer();
  const head = `OPTIONS sip:a@b SIP/2.0\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`;
  let frames: Frame[] = [];
  for (const character of head) frames = [...frames, ...framer.push(Buffer.from(character))];
  t.equal(frames.length, 1);
});
