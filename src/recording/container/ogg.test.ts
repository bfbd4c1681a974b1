import t from 'tap';
import { seededRandom } from '../../shared/random.ts';
import { oggChecksum, readOggPage, segmentsOf, writeOggPage } from './ogg.ts';

const seed = Math.floor(Math.random() * 2 ** 32);
const random = seededRandom(seed);
t.comment(`seed ${seed}`);

const bytesOf = (length: number) => Uint8Array.from({ length }, () => random.integer(0, 256));

t.test('a page is read as it was written, for every length of packet around the lacing limits', async (t) => {
  for (const lengths of [[0], [1], [254, 255, 256], [509, 510, 511], [4000], [], Array(255).fill(3)] as number[][]) {
    const packets = lengths.map(bytesOf);
    const granulePosition = BigInt(random.integer(0, 2 ** 47));
    const bytes = writeOggPage({ packets, granulePosition, serial: 0xdeadbeef, sequence: 7, last: true });
    const read = readOggPage(bytes, 0);
    if (read.kind !== 'page') return t.fail(`${lengths}: ${read.kind}`);
    t.same(
      read.page.packets.map((packet) => [...packet]),
      packets.map((packet) => [...packet]),
      String(lengths).slice(0, 30),
    );
    t.match(read.page, {
      granulePosition,
      serial: 0xdeadbeef,
      sequence: 7,
      last: true,
      first: false,
      open: false,
      bytes: bytes.length,
    });
  }
});

t.test('the checksum is the one of RFC 3533: a page made by opusenc has it', async (t) => {
  // The first page of `opusenc --serial 1` of a tenth of a second of silence.
  const page = Buffer.from(
    '4f6767530002000000000000000001000000000000001c9ff5d901134f707573486561640101380180bb0000000000',
    'hex',
  );
  t.equal(oggChecksum(page), page.readUInt32LE(22));
  const read = readOggPage(page, 0);
  if (read.kind !== 'page') return t.fail(read.kind);
  const { packets, granulePosition, serial, sequence, first } = read.page;
  t.same(
    Buffer.from(writeOggPage({ packets, granulePosition, serial, sequence, first })),
    page,
    'and we write the same',
  );
});

t.test('a page holds 255 segments and no more', async (t) => {
  t.same([0, 254, 255, 510].map(segmentsOf), [1, 1, 2, 3]);
  const packets = Array.from({ length: 256 }, () => new Uint8Array(1));
  t.throws(() => writeOggPage({ packets, granulePosition: 0n, serial: 1, sequence: 0 }), RangeError);
});

t.test('a damaged or torn page is a value, whatever was done to it', async (t) => {
  const bytes = writeOggPage({ packets: [bytesOf(100), bytesOf(300)], granulePosition: 1n, serial: 1, sequence: 0 });
  for (let length = 0; length < bytes.length; length++) {
    if (readOggPage(bytes.subarray(0, length), 0).kind === 'page') t.fail(`cut at ${length}`);
  }
  for (let round = 0; round < 3000; round++) {
    const changed = Uint8Array.from(bytes);
    const at = random.integer(0, changed.length);
    changed[at] = changed[at]! ^ random.integer(1, 256);
    if (readOggPage(changed, 0).kind === 'page') t.fail(`change at ${at} was not noticed`);
  }
  for (let round = 0; round < 3000; round++) readOggPage(bytesOf(random.integer(0, 400)), 0);
  t.pass();
});
