import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { EventFrameReader, readEvent } from './event-frames.ts';
import { readStatus } from './freeswitch-control.ts';
import { Arrivals, PartyReports, readCounts } from './party-counts.ts';

const event = 'Event-Name: DTMF\nUnique-ID: abc\nDTMF-Digit: %23\nOdd: %zz\n\n';
const wire = Buffer.from(
  `Content-Type: auth/request\n\nContent-Type: text/event-plain\nContent-Length: ${event.length}\n\n${event}Content-Type: api/response\nContent-Length: 3\n\n+OK`,
);

t.test('frames come out whole, however the bytes are cut', async (t) => {
  for (const size of [1, 2, 7, 40, wire.length]) {
    const reader = new EventFrameReader();
    const frames = [];
    for (let at = 0; at < wire.length; at += size) frames.push(...reader.push(wire.subarray(at, at + size)));
    t.same(
      frames.map(({ headers }) => headers.get('Content-Type')),
      ['auth/request', 'text/event-plain', 'api/response'],
      `${size} bytes at a time`,
    );
    t.equal(frames[2]!.body, '+OK');
    const read = readEvent(frames[1]!.body);
    t.same(
      [read.name, read.header('DTMF-Digit'), read.header('Odd'), read.header('None')],
      ['DTMF', '#', '%zz', undefined],
    );
  }
});

t.test('what is not the event socket is not waited for without end', async (t) => {
  t.throws(() => new EventFrameReader().push(Buffer.alloc(70_000, 'a')));
  t.throws(() => new EventFrameReader().push(Buffer.from('Content-Length: 99999999999\n\n')));
  t.throws(() => new EventFrameReader().push(Buffer.from('Content-Length: -1\n\n')));
});

t.test('the load that status tells', async (t) => {
  const text = `UP 0 years, 0 days
FreeSWITCH (Version 1.10.11-release  64bit) is ready
252 session(s) since startup
5 session(s) - peak 8, last 5min 8
0 session(s) per Sec out of max 1000, peak 5, last 5min 5
2000 session(s) max
min idle cpu 0.00/82.67
`;
  t.same(readStatus(text), { sessions: 5, maxSessions: 2000, idleCpuPercent: 82.67, version: '1.10.11' });
});

t.test('counts of several channels, one of which has gone', async (t) => {
  t.same(readCounts('+OK Success\n|120|8|130/-ERR No such channel!\n|-ERR|-ERR|-ERR/+OK Success\n|||'), [
    { received: 128, sent: 130 },
    undefined,
    { received: 0, sent: 0 },
  ]);
});

t.test('loss is what the highest number has and the count has not, and never goes back', async (t) => {
  const reports = new PartyReports();
  reports.arrived(1100, 100, 0);
  t.equal(reports.lost, 0, 'the first report is where counting begins');
  reports.arrived(1200, 197, 0);
  t.equal(reports.lost, 3);
  reports.arrived(1300, 298, 0);
  t.equal(reports.lost, 3, 'a count that was asked a moment late');
  reports.arrived(1300, 280, 200);
  t.equal(reports.lost, 3, 'one that was asked much later does not count');
  reports.arrived(400_000, 300, 0);
  t.equal(reports.lost, 3, 'another source with numbers of its own');
  reports.arrived(400_100, 398, 0);
  t.equal(reports.lost, 5);
});

t.test(
  'the first packet is told once, silence once until packets return, and not of a party that shall not send',
  async (t) => {
    const clock = createFakeClock();
    const told: string[] = [];
    const arrivals = new Arrivals({
      clock,
      mediaTimeoutMs: 1000,
      first: (afterMs) => told.push(`first after ${afterMs}`),
      timeout: (silentMs) => told.push(`silent ${silentMs}`),
    });
    const after = async (ms: number, received: number, shouldSend = true) => {
      await clock.advance(ms);
      arrivals.counted(received, shouldSend);
    };
    await after(100, 0);
    await after(100, 3);
    await after(100, 8);
    await after(600, 8);
    await after(600, 8);
    await after(600, 8);
    t.same(told, ['first after 200', 'silent 1200']);
    await after(100, 9);
    await after(5000, 9, false);
    await after(900, 9);
    t.equal(told.length, 2);
    await after(200, 9);
    t.equal(told[2], 'silent 1100');
  },
);
