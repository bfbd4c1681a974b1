// Session timers (RFC 4028) through the whole program, on real time: the shortest interval that is allowed, 90 seconds.
//   who cannot refresh      we do, after half of it
//   who refreshes           lives on
//   who should and does not is ended a third of the interval, at most 32 s, before it runs out

import t from 'tap';
import { hear, numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const [silentHz, refreshingHz, unableHz, hanakoHz] = [440, 550, 330, 660];

const centre = await startCentre(t);
const { carrier } = centre;
const hanako = await centre.desk('hanako', hanakoHz);

t.test('a session is refreshed by whom it was agreed with, and one that nobody refreshes ends', async (t) => {
  const calls = (toneHz: number, headers: string[]) =>
    carrier.callIn({ dialled: numbers.noReason, toneHz, headers, codecs: ['PCMA'] });
  await hanako.setState('available');
  const unable = await carrier.callIn({
    dialled: numbers.product,
    toneHz: unableHz,
    headers: ['Session-Expires: 90'],
  });
  const began = performance.now();
  await hanako.rings();
  await hanako.answer();
  const able = ['Supported: timer', 'Session-Expires: 90;refresher=uac'];
  const refreshing = await calls(refreshingHz, able);
  await eventually('it is answered', () => refreshing.state === 'talking', { withinMs: 15_000 });
  // The newest call, then.
  const silent = await calls(silentHz, able);
  await eventually('it is answered', () => silent.state === 'talking', { withinMs: 15_000 });
  const { items } = await centre.engawa.get<{ items: { id: string }[] }>('/api/v1/calls?limit=1');

  const refresh = await eventually(
    'the session of who cannot refresh is refreshed by us',
    () => unable.requests.find(({ method }) => method === 'INVITE' || method === 'UPDATE'),
    { withinMs: 75_000, everyMs: 100 },
  );
  const afterMs = performance.now() - began;
  t.ok(afterMs > 40_000, `after ${Math.round(afterMs)} ms`);
  t.match(refresh.get('Session-Expires'), /^90;refresher=uac/);
  // Theirs, late but in time.
  const answer = await refreshing.request('UPDATE', { headers: able });
  t.equal(answer.status, 200);
  t.match(answer.get('Session-Expires'), '90;refresher=uac');
  await hear('the refreshed call sounds as before', [
    [unable, [hanakoHz]],
    [hanako, [unableHz]],
  ]);
  await eventually('who should refresh and does not is hung up on', () => silent.endedBy === 'them', {
    withinMs: 60_000,
    everyMs: 100,
  });
  t.match(await centre.endedCall(items[0]!.id), { cause: 'session-expired', side: 'unknown' });
  t.equal(refreshing.state, 'talking');
  t.equal(unable.state, 'talking');
  refreshing.hangUp();
  unable.hangUp();
  await centre.atRest();
});
