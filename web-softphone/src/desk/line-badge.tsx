// How the line is, in a word, and in figures for whoever wants them. The worse of both directions counts.

import type { DeskCall } from '../../../src/api/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { estimateMos } from '../phone/line-quality.ts';
import { useWords } from '../text/language.tsx';
import { useDeskState } from './desk-context.ts';

type Grade = 'good' | 'fair' | 'poor' | 'measuring';

/** ITU-T G.107 Annex B: users are satisfied above 4.0, many dissatisfied below 3.6. */
function gradeOf(mos: number | undefined): Grade {
  if (mos === undefined) return 'measuring';
  return mos >= 4 ? 'good' : mos >= 3.6 ? 'fair' : 'poor';
}

export function LineBadge({ call }: { call: DeskCall }) {
  const { quality: words } = useWords();
  const { line } = useDeskState();
  const here = line && estimateMos(line);
  const there = call.quality?.mosEstimate ?? undefined;
  const both = [here, there].filter((mos) => mos !== undefined);
  const mos = both.length > 0 ? Math.min(...both) : undefined;
  const grade = gradeOf(mos);
  return (
    <span className="sign line" data-grade={grade}>
      <Icon name="signal" />
      <span>{words[grade]}</span>
      {line && mos !== undefined && (
        <span className="sign-detail">
          {words.detail(mos.toFixed(1), line.lossPercent.toFixed(1), line.jitterMs.toFixed(0))}
          {line.roundTripMs !== null && ` · ${words.roundTrip(line.roundTripMs.toFixed(0))}`}
        </span>
      )}
    </span>
  );
}
