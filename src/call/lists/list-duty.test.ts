import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { defaultRetryRules } from '../../routing/call-list.ts';
import { type CallListId, newId } from '../../shared/ids.ts';
import { createLogger } from '../../shared/logger.ts';
import type { CallList } from '../../store/call-lists.ts';
import { createDuty } from './list-duty.ts';

const hanako = newId('person');
const list: CallList = {
  id: newId('callList') as CallListId,
  name: 'renewals',
  label: { ja: '更新', en: 'Renewals' },
  mode: 'preview',
  reason: 'contract-change',
  queue: 'callers',
  presentedNumber: '0120000111',
  calendar: 'daytime',
  script: { ja: '', en: '' },
  retry: defaultRetryRules,
  state: 'running',
  createdAt: 0,
};

function duty({ open = true, may = true, queues = ['callers'], state = 'available' } = {}) {
  const asked: unknown[] = [];
  const made = createDuty({
    clock: createFakeClock(),
    log: createLogger({ level: 'silent' }),
    callCentre: { desk: () => ({ agent: { queues, state } }) } as never,
    lists: {} as never,
    events: { subscribe: () => () => {} },
    classOf: (reason) => (reason === 'contract-change' ? 'personal' : undefined),
    mayCallNow: (calendar) => calendar === 'daytime' && open,
    mayHave(_person, call) {
      asked.push(call);
      return may;
    },
  });
  return { ...made, asked };
}

t.test('whoever serves the queue and may have such calls works on a list that runs, in its hours', async (t) => {
  const { refusal, asked } = duty();
  t.equal(await refusal(hanako, list), undefined);
  t.strictSame(asked, [{ direction: 'outbound', reason: 'contract-change', queue: 'callers', piiClass: 'personal' }]);
});

t.test('everything else is refused with its own sentence', async (t) => {
  const cases = [
    [duty({ state: 'offline' }), list, 'Sign in at the desk first.'],
    [duty({ queues: ['other'] }), list, 'This call list is worked on by people of another queue.'],
    [duty({ may: false }), list, 'These calls touch personal information that you may not handle where you are.'],
    [duty(), { ...list, state: 'paused' as const }, 'This call list is not running.'],
    [duty({ open: false }), list, 'Customers of this list are not called at this hour.'],
    [duty(), { ...list, calendar: 'gone' }, 'Customers of this list are not called at this hour.'],
  ] as const;
  for (const [made, given, because] of cases) t.match(await made.refusal(hanako, given), { because });
});

t.test('a reason that is not known any more has no class: the policy decides by its strictest', async (t) => {
  const { whoMayNot, asked } = duty();
  await whoMayNot(hanako, { ...list, reason: 'gone' });
  t.notOk('piiClass' in (asked[0] as object));
});
