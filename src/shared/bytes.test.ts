import t from 'tap';
import { beginsWithText, indexOfText, joinBytes } from './bytes.ts';

const text = (value: string) => new TextEncoder().encode(value);

t.test('text is found in bytes', async (t) => {
  t.equal(indexOfText(text('OgOggOggS'), 'OggS'), 5, 'after beginnings that come to nothing');
  t.equal(indexOfText(text('OggS...OggS'), 'OggS', 1), 7, 'from a place on');
  t.equal(indexOfText(text('...Ogg'), 'OggS'), -1, 'not when the end cuts it off');
  t.ok(beginsWithText(text('OpusHead!'), 'OpusHead'));
  t.notOk(beginsWithText(text('Opus'), 'OpusHead'));
});

t.test('pieces are joined in their order', async (t) => {
  t.strictSame([...joinBytes([Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)])], [1, 2, 3]);
  t.equal(joinBytes([]).length, 0);
});
