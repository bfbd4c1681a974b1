import t from 'tap';
import { buildRtp } from '../../../protocol/rtp/packet.ts';
import { OutStream } from './out-stream.ts';

interface Sent {
  type: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
}

function open() {
  const sent: Sent[] = [];
  const out = new OutStream(0xabcdef01, 65_534, 0xffffff00, (packet) => {
    sent.push({
      type: packet[1]! & 0x7f,
      marker: packet[1]! > 127,
      sequence: packet.readUInt16BE(2),
      timestamp: packet.readUInt32BE(4),
      ssrc: packet.readUInt32BE(8),
    });
  });
  return { out, sent };
}

const packet = (sequence: number, timestamp: number, ssrc = 7) =>
  buildRtp({ payloadType: 8, sequence, timestamp, ssrc }, Buffer.alloc(160));

const generated = () => Buffer.alloc(172);

t.test('a forwarded packet gets our numbers, and gaps of the source stay gaps', async (t) => {
  const { out, sent } = open();
  const source = {};
  for (const [sequence, timestamp] of [
    [100, 1000],
    [101, 1160],
    [104, 1640],
  ] as const) {
    out.forward(packet(sequence, timestamp), source, 0, 1000);
  }
  t.same(
    sent.map((each) => each.sequence),
    [65_535, 0, 3],
  );
  t.same(
    sent.map((each) => (each.timestamp - sent[0]!.timestamp) >>> 0),
    [0, 160, 640],
  );
  t.same(
    sent.map((each) => each.marker),
    [true, false, false],
  );
  t.ok(sent.every((each) => each.ssrc === 0xabcdef01 && each.type === 0));
});

t.test('another source goes on by one, stamped with the time that passed', async (t) => {
  const { out, sent } = open();
  out.forward(packet(100, 1000), 'a', 0, 1000);
  out.forward(packet(9, 777_777, 8), 'b', 0, 1100);
  out.generate(generated(), 'tone', 160, 1120);
  out.generate(generated(), 'tone', 160, 1140);
  t.same(
    sent.map((each) => each.sequence),
    [65_535, 0, 1, 2],
  );
  t.same(
    sent.map((each) => (each.timestamp - sent[0]!.timestamp) >>> 0),
    [0, 800, 960, 1120],
  );
  t.same(
    sent.map((each) => each.marker),
    [true, true, true, false],
  );
});

t.test('a new SSRC of the same source is a new source', async (t) => {
  const { out, sent } = open();
  out.forward(packet(100, 1000, 7), 'a', 0, 1000);
  out.forward(packet(40_000, 5, 8), 'a', 0, 1020);
  t.same(
    sent.map((each) => each.sequence),
    [65_535, 0],
  );
  t.equal((sent[1]!.timestamp - sent[0]!.timestamp) >>> 0, 160);
});

t.test('a late packet goes out with its own older number, and time does not go back', async (t) => {
  const { out, sent } = open();
  for (const sequence of [100, 102, 101, 103]) out.forward(packet(sequence, sequence * 160), 'a', 0, 1000);
  t.same(
    sent.map((each) => each.sequence),
    [65_535, 1, 0, 2],
  );
  out.generate(generated(), 'tone', 160, 1020);
  t.equal(sent.at(-1)!.sequence, 3);
});

t.test('an event has one timestamp, and audio after it is stamped after it', async (t) => {
  const { out, sent } = open();
  out.generate(generated(), 'tone', 160, 1000);
  const at = out.timestampAt(1020, 160);
  out.event(Buffer.alloc(16), 101, at, true, 1020);
  out.event(Buffer.alloc(16), 101, at, false, 1040);
  out.generate(generated(), 'tone', 160, 1060);
  t.same(
    sent.map((each) => (each.timestamp - sent[0]!.timestamp) >>> 0),
    [0, 160, 160, 480],
  );
  t.same(
    sent.map((each) => each.sequence),
    [65_535, 0, 1, 2],
  );
});

t.test('after a stall the clock is set by real time again', async (t) => {
  const { out, sent } = open();
  out.generate(generated(), 'tone', 160, 1000);
  out.generate(generated(), 'tone', 160, 2000);
  t.equal((sent[1]!.timestamp - sent[0]!.timestamp) >>> 0, 8000);
});
