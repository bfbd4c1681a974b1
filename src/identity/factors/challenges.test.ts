import t from 'tap';
import { challengeLastsMs, createChallenges } from './challenges.ts';

function setUp() {
  const used = new Set<string>();
  let now = 1_700_000_000_000;
  const challenges = createChallenges({
    clock: { now: () => now, after: () => ({ cancel() {} }), every: () => ({ cancel() {} }) },
    key: Buffer.alloc(32, 7),
    useOnce: async (what) => !used.has(what) && used.add(what) !== undefined,
  });
  return { challenges, pass: (ms: number) => (now += ms) };
}

t.test('a challenge is good for its purpose and its person, until its time is over', async (t) => {
  const { challenges, pass } = setUp();
  const challenge = challenges.issue('prove', 'p_1');
  t.ok(challenges.isGood(challenge, 'prove', 'p_1'));
  t.notOk(challenges.isGood(challenge, 'prove', 'p_2'));
  t.notOk(challenges.isGood(challenge, 'enrol', 'p_1'));
  t.notOk(challenges.isGood(challenges.issue('sign-in', ''), 'prove', ''));
  pass(challengeLastsMs - 1);
  t.ok(challenges.isGood(challenge, 'prove', 'p_1'));
  pass(1);
  t.notOk(challenges.isGood(challenge, 'prove', 'p_1'));
});

t.test('no bit of a challenge can be changed, and it is used once', async (t) => {
  const { challenges } = setUp();
  const challenge = challenges.issue('sign-in', '');
  const bytes = Buffer.from(challenge, 'base64url');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 0x10;
    t.notOk(challenges.isGood(changed.toString('base64url'), 'sign-in', ''), `byte ${at}`);
  }
  for (const nonsense of ['', 'x', `${challenge}AA`]) t.notOk(challenges.isGood(nonsense, 'sign-in', ''));
  t.ok(await challenges.use(challenge));
  t.notOk(await challenges.use(challenge));
});
