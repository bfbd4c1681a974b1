import t from 'tap';
import { readOggPage } from './ogg.ts';
import { createOggOpusWriter, readOggOpus, silentPacket } from './ogg-opus.ts';

const head = { preSkip: 312, inputRateHz: 8000 };

function write(packets: number, trimTo: bigint, packetsPerPage = 40): Uint8Array[] {
  const writer = createOggOpusWriter({ head, comments: { A: '1', B: 'é=2' }, serial: 5, packetsPerPage });
  const pages = writer.headers();
  for (let i = 0; i < packets; i++) {
    const page = writer.add(Uint8Array.of(8, i & 255), 20);
    if (page) pages.push(page);
  }
  return [...pages, ...writer.finish(trimTo)];
}

t.test('headers stand alone on their pages and tell what was written', async (t) => {
  const stream = readOggOpus(Buffer.concat(write(0, 0n)))!;
  t.match(stream, { head, comments: { A: '1', B: 'é=2' }, samples48k: 0n, ended: true, lostBytes: 0 });
});

t.test('granule positions count at 48 kHz with the pre-skip, and the last one trims', async (t) => {
  const pages = write(100, 95_500n).map((bytes) => readOggPage(bytes, 0));
  const positions = pages.map((read) => (read.kind === 'page' ? read.page.granulePosition : -5n));
  t.same(positions, [0n, 0n, 38_400n, 76_800n, 95_812n]);
  t.same(
    pages.map((read) => read.kind === 'page' && read.page.sequence),
    [0, 1, 2, 3, 4],
  );
  t.equal(readOggOpus(Buffer.concat(write(100, 95_500n)))!.samples48k, 95_500n);
});

t.test('trimming stays within the last page, however many packets there are', async (t) => {
  for (let packets = 2; packets < 130; packets++) {
    const trimTo = BigInt(packets * 960 - 312 - 1600);
    const stream = readOggOpus(Buffer.concat(write(packets, trimTo)))!;
    if (stream.packets.length !== packets || stream.samples48k !== trimTo) t.fail(`${packets} packets`);
    const reads = write(packets, trimTo).map((bytes) => readOggPage(bytes, 0));
    const pages = reads.flatMap((read) => (read.kind === 'page' ? [read.page] : []));
    const [before, last] = pages.slice(-2);
    if (last!.granulePosition <= before!.granulePosition && packets > 2)
      t.fail(`${packets} packets: the end is before its page`);
    if (last!.packets.length < 2) t.fail(`${packets} packets: ${last!.packets.length} on the last page`);
  }
});

t.test('many large packets do not overflow a page', async (t) => {
  const writer = createOggOpusWriter({ head, comments: {}, serial: 5, packetsPerPage: 40 });
  const pages = writer.headers();
  for (let i = 0; i < 100; i++) {
    const page = writer.add(new Uint8Array(2500), 20);
    if (page) pages.push(page);
  }
  pages.push(...writer.finish(96_000n - 312n));
  const stream = readOggOpus(Buffer.concat(pages))!;
  t.equal(stream.packets.length, 100);
  t.equal(stream.samples48k, 96_000n - 312n);
});

t.test('a torn end costs its page; a lost page in the middle becomes silence of its length', async (t) => {
  const pages = write(200, 191_000n);
  const torn = readOggOpus(Buffer.concat(pages).subarray(0, -1))!;
  t.same({ packets: torn.packets.length, ended: torn.ended }, { packets: 160, ended: false });
  t.ok(torn.lostBytes > 0);
  const holed = readOggOpus(Buffer.concat(pages.filter((_, index) => index !== 3)))!;
  t.equal(holed.packets.length, 200);
  t.same(holed.packets[40], silentPacket);
  t.same([...holed.packets[80]!], [8, 80]);
  const damaged = pages.map((page) => Uint8Array.from(page));
  damaged[3]![40]! ^= 1;
  t.equal(readOggOpus(Buffer.concat(damaged))!.packets.length, 200);
});

t.test('what is no Ogg Opus is undefined', async (t) => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('OggS'),
    Buffer.alloc(1000),
    Buffer.concat(write(10, 0n).slice(1)),
  ]) {
    t.equal(readOggOpus(bytes), undefined);
  }
});
