// Who listens, when and from where, over all of the player: a photograph of the screen says whose it is. Not to be pressed, and read
// out once.

import { useLanguage } from '../text/language.tsx';
import { useRecordingsWords } from '../text/recordings-words.ts';

export interface Watermark {
  person: string;
  at: number;
  address: string;
}

const repeated = Array.from({ length: 28 }, (_, index) => index);

export function WatermarkOver({ person, at, address }: Watermark) {
  const { language } = useLanguage();
  const words = useRecordingsWords();
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(at);
  const text = `${person} · ${when} · ${address}`;
  return (
    <>
      <p className="hint">{words.heardAs(text)}</p>
      <div className="watermark" aria-hidden="true">
        {repeated.map((index) => (
          <span key={index}>{text}</span>
        ))}
      </div>
    </>
  );
}
