import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { buildRtcp, middleNtp, ntpTime, parseRtcp, type ReportBlock, type RtcpPacket, roundTripMs } from './rtcp.ts';

const block: ReportBlock = {
  ssrc: 7,
  fractionLost: 12,
  cumulativeLost: -3,
  highestSequence: 70000,
  jitter: 80,
  lastSenderReport: 0x12345678,
  delaySinceLastSenderReport: 65536,
};
const sender = {
  ntpSeconds: 0xe0000001,
  ntpFraction: 0x80000000,
  rtpTimestamp: 4_000_000_000,
  packets: 50,
  bytes: 8000,
};

function read(packet: Uint8Array): RtcpPacket[] {
  const result = parseRtcp(packet);
  if (typeof result === 'string') throw new Error(result);
  return result;
}

t.test('a compound of report, name and goodbye is read back', async (t) => {
  for (const cname of ['', 'a', 'ab', 'abc', 'abcd', 'x'.repeat(255)]) {
    t.same(read(buildRtcp({ ssrc: 9, sender, blocks: [block], cname, bye: true })), [
      { kind: 'sender-report', ssrc: 9, sender, blocks: [block] },
      { kind: 'description', names: [{ ssrc: 9, cname }] },
      { kind: 'bye', sources: [9] },
    ]);
  }
  t.same(read(buildRtcp({ ssrc: 9, cname: 'n' }))[0], { kind: 'receiver-report', ssrc: 9, blocks: [] });
});

t.test('the round trip is arrival less report less delay', async (t) => {
  const sentAt = 1_700_000_000_000;
  const lastSenderReport = middleNtp(ntpTime(sentAt));
  const about = { ...block, lastSenderReport, delaySinceLastSenderReport: 65536 };
  t.ok(Math.abs(roundTripMs(about, sentAt + 1040)! - 40) < 0.1);
  t.equal(roundTripMs({ ...about, lastSenderReport: 0 }, sentAt), null, 'they had no report of ours');
  t.equal(roundTripMs(about, sentAt + 970), 0, 'a coarse delay gives no negative time');
  t.equal(roundTripMs(about, sentAt - 10_000), null);
});

t.test('malformed packets are named', async (t) => {
  const good = buildRtcp({ ssrc: 9, sender, blocks: [block], cname: 'n' });
  t.equal(parseRtcp(good.subarray(0, 3)), 'too-short');
  t.equal(parseRtcp(good.subarray(0, good.length - 4)), 'bad-length');
  t.equal(parseRtcp(Buffer.from([0x00, 200, 0, 0])), 'not-version-2');
  t.equal(parseRtcp(Buffer.from([0x82, 200, 0, 1, 0, 0, 0, 1])), 'bad-body');
  t.same(parseRtcp(Buffer.from([0x81, 206, 0, 0])), [{ kind: 'other', packetType: 206 }]);
});

t.test('mutated compounds give packets or a problem', async (t) => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = seededRandom(seed);
  const good = buildRtcp({ ssrc: 9, sender, blocks: [block, block], cname: 'name', bye: true });
  const until = Date.now() + 1000;
  let read = 0;
  while (Date.now() < until) {
    const bytes = Buffer.from(good.subarray(0, random.integer(0, 3) ? good.length : random.integer(0, good.length)));
    for (let i = random.integer(1, 6); i > 0 && bytes.length; i--)
      bytes[random.integer(0, bytes.length)] = random.integer(0, 256);
    const result = parseRtcp(bytes);
    if (typeof result === 'string') continue;
    read++;
    for (const packet of result)
      if ('blocks' in packet) for (const each of packet.blocks) roundTripMs(each, 1_700_000_000_000);
  }
  t.ok(read > 50, `${read} read`);
});
