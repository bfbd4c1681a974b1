import t from 'tap';
import { newId } from '../../shared/ids.ts';
import { createPlayTokens } from './play-tokens.ts';

const play = () => ({
  playId: newId('play', 1),
  recordingId: newId('recording', 1),
  sessionId: newId('session', 1),
  expiresAt: 10_000,
});

t.test('a token says again what it was made for, until its time is over', async (t) => {
  const tokens = createPlayTokens(Buffer.alloc(32, 1));
  const made = play();
  const token = tokens.make(made);
  t.strictSame(tokens.read(token, 9999), made);
  t.equal(tokens.read(token, 10_000), undefined);
});

t.test('nothing else is a token', async (t) => {
  const tokens = createPlayTokens(Buffer.alloc(32, 1));
  const token = tokens.make(play());
  const longer = token.replace('.10000.', '.99999.');
  t.not(longer, token);
  for (const other of ['', '.', 'x', longer, token.slice(0, -1), `${token}A`, token.repeat(9)])
    t.equal(tokens.read(other, 0), undefined, other.slice(0, 20));
  t.equal(createPlayTokens(Buffer.alloc(32, 2)).read(token, 0), undefined, 'with another key');
});
