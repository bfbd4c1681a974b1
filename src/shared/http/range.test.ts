import t from 'tap';
import { wantedRange } from './range.ts';

t.test('ranges as RFC 9110 §14.1.2 has them', async (t) => {
  const part = (from: number, to: number) => ({ kind: 'part', from, to });
  const rows: [string | undefined, object][] = [
    [undefined, { kind: 'all' }],
    ['bytes=0-499', part(0, 499)],
    ['bytes=500-', part(500, 9999)],
    ['Bytes = 9500-', part(9500, 9999)],
    ['bytes=9999-20000', part(9999, 9999)],
    ['bytes=-500', part(9500, 9999)],
    ['bytes=-20000', part(0, 9999)],
    ['bytes=0-0', part(0, 0)],
    ['bytes=10000-', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    ['bytes=0-0,-1', { kind: 'unsatisfiable' }],
    ['bytes=500-1', { kind: 'all' }],
    ['bytes=-', { kind: 'all' }],
    ['bytes=a-b', { kind: 'all' }],
    ['items=0-5', { kind: 'all' }],
  ];
  for (const [header, expected] of rows) t.strictSame(wantedRange(header, 10_000), expected, String(header));
});

t.test('of nothing no part can be had', async (t) => {
  t.strictSame(wantedRange('bytes=0-', 0), { kind: 'unsatisfiable' });
  t.strictSame(wantedRange('bytes=-5', 0), { kind: 'unsatisfiable' });
});
