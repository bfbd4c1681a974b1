// Mutated torture messages: the parser, the framer and what they lead to return a value, never throw and never hang.
// Bounded by time; the seed is printed. ENGAWA_FUZZ_SEED and ENGAWA_FUZZ_SECONDS repeat and lengthen a run.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAddressList } from '../../src/protocol/sip/address.ts';
import { parseChallenge, parseCredentials } from '../../src/protocol/sip/auth/digest.ts';
import { makeResponse } from '../../src/protocol/sip/make-response.ts';
import { type ParseResult, parseMessage } from '../../src/protocol/sip/parse.ts';
import { serialize } from '../../src/protocol/sip/serialize.ts';
import { createStreamFramer } from '../../src/protocol/sip/stream-framer.ts';
import { formatUri, parseUri } from '../../src/protocol/sip/uri.ts';
import { parseVia } from '../../src/protocol/sip/via.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { type Random, seededRandom } from '../../src/shared/random.ts';

const folder = join(projectRoot, 'test/fixtures/torture');
const corpus = readdirSync(folder)
  .filter((file) => file.endsWith('.dat'))
  .map((file) => readFileSync(join(folder, file)));
const seed = Number(process.env['ENGAWA_FUZZ_SEED'] ?? Date.now() % 1e9);
const seconds = Number(process.env['ENGAWA_FUZZ_SECONDS'] ?? 3);
const spice = [
  '\r\n',
  '\r',
  '\n',
  ' ',
  ';',
  ',',
  ':',
  '"',
  '<',
  '>',
  '\\',
  '%',
  '=',
  '\0',
  'ü',
  '\xff',
  '\r\n ',
  'Via: ',
  '9'.repeat(30),
  ';'.repeat(50),
  '"'.repeat(9),
  '<'.repeat(50),
  '[',
  ']',
  '@',
];

function mutate(bytes: Buffer, random: Random): Buffer {
  let result = Buffer.from(bytes);
  for (let round = random.integer(1, 6); round > 0; round--) {
    const at = random.integer(0, result.length + 1);
    const length = random.integer(0, 40);
    switch (random.integer(0, 5)) {
      case 0:
        if (at < result.length) result[at] = random.integer(0, 256);
        break;
      case 1:
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.from(random.pick(spice), 'latin1'),
          result.subarray(at),
        ]);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
        break;
      case 3: {
        const other = random.pick(corpus);
        const from = random.integer(0, other.length);
        result = Buffer.concat([result.subarray(0, at), other.subarray(from, from + length), result.subarray(at)]);
        break;
      }
      default:
        result = result.subarray(0, at);
    }
  }
  return result;
}

/** Looks into everything that anybody may look into. */
function explore(result: ParseResult): void {
  if (result.kind === 'malformed' && result.partial)
    serialize(makeResponse(result.partial, { status: 400, toTag: 'x' }));
  if (result.kind !== 'message') return;
  const { message } = result;
  if (message.kind === 'request') {
    const uri = parseUri(message.uri);
    if (!uri) throw new Error('an accepted Request-URI does not parse');
    parseUri(formatUri(uri));
    serialize(makeResponse(message, { status: 200, toTag: 'x' }));
  }
  for (const { value } of message.headers) {
    parseAddressList(value);
    parseVia(value);
    parseCredentials(value);
    parseChallenge(value);
    parseUri(value);
  }
  const again = parseMessage(serialize(message));
  // Everything that we accepted and write again is understood by us again, and means the same to the transaction layer.
  if (again.kind !== 'message')
    throw new Error(`what we wrote is ${again.kind === 'malformed' ? again.because : again.kind}`);
  if (
    again.via.branch !== result.via.branch ||
    again.callId !== result.callId ||
    again.cseq.number !== result.cseq.number
  ) {
    throw new Error('what we wrote means something else');
  }
}

t.test(`mutated messages never throw and never hang (seed ${seed})`, async (t) => {
  const random = seededRandom(seed);
  const until = Date.now() + seconds * 1000;
  let slowestMs = 0;
  let count = 0;
  const verdicts: Record<string, number> = {};
  while (Date.now() < until) {
    const bytes = mutate(random.pick(corpus), random);
    const before = performance.now();
    try {
      const result = parseMessage(bytes);
      verdicts[result.kind] = (verdicts[result.kind] ?? 0) + 1;
      explore(result);
      createStreamFramer().push(bytes);
    } catch (error) {
      t.fail(`threw at message ${count}`, { error, message: bytes.toString('latin1') });
      return;
    }
    slowestMs = Math.max(slowestMs, performance.now() - before);
    count++;
  }
  t.comment(`${count} messages, slowest ${slowestMs.toFixed(1)} ms`, verdicts);
  t.ok(count > 100, 'the run was worth its name');
  t.ok((verdicts['message'] ?? 0) > 0 && (verdicts['malformed'] ?? 0) > 0, 'both kinds were met');
  t.ok(slowestMs < 500, 'no message takes long');
});

t.test('long repetitions cost linear time', async (t) => {
  const head =
    'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:a@b>\r\nFrom: <sip:c@d>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n';
  const tails = [';', ',', '"', '\\"', '<', '%', ' ', '\r\n ', ';a', ';a="', 'SIP / 2.0 / ', '='];
  for (const tail of tails) {
    for (const name of ['To', 'Via', 'Contact', 'X', 'Content-Length', 'Authorization: Digest ']) {
      const text = `${head}${name}: x${tail.repeat(Math.floor(60_000 / tail.length))}\r\n\r\n`;
      const before = performance.now();
      const result = parseMessage(Buffer.from(text));
      explore(result);
      const took = performance.now() - before;
      t.ok(took < 1000, `${JSON.stringify(tail)} in ${name}: ${took.toFixed(0)} ms`);
    }
  }
});
