// Where each node leads, and what has to happen for it, in words: for paths in sentences and for drawings.

import type { FlowNode } from './flow.ts';

/** `by`: a key, a phrase, a value, or one of the words of `wayWords`; null where there is one way only. */
export interface LabelledWay {
  to: string;
  by: string | null;
}

/** The words for ways that are not the designer's own. */
export const wayWords: Readonly<Record<string, { ja: string; en: string }>> = {
  'nothing keyed': { ja: '入力なし', en: 'nothing keyed' },
  'no choice': { ja: '該当なし', en: 'no choice' },
  'nothing understood': { ja: '聞き取れず', en: 'nothing understood' },
  failed: { ja: '失敗', en: 'failed' },
  found: { ja: '該当あり', en: 'found' },
  'not found': { ja: '該当なし', en: 'not found' },
  verified: { ja: '確認済み', en: 'verified' },
  'not verified': { ja: '確認できず', en: 'not verified' },
  open: { ja: '営業中', en: 'open' },
  closed: { ja: '時間外', en: 'closed' },
  holiday: { ja: '祝日', en: 'holiday' },
  closure: { ja: '臨時休業', en: 'closed by hand' },
  timeout: { ja: '時間切れ', en: 'too long' },
  full: { ja: '満員', en: 'full' },
  nobody: { ja: '担当者不在', en: 'nobody there' },
  'left-empty': { ja: '担当者退席', en: 'nobody left' },
  returned: { ja: 'その他', en: 'otherwise' },
  else: { ja: 'その他', en: 'else' },
};

const way = (to: string, by: string | null = null): LabelledWay => ({ to, by });
const keyed = (choices: Record<string, string>) => Object.entries(choices).map(([keys, to]) => way(to, keys));

/** The ways of a node, in the order in which they are told. */
export function labelledWays(node: FlowNode): LabelledWay[] {
  switch (node.kind) {
    case 'say':
    case 'set':
    case 'language':
    case 'reason':
      return [way(node.next)];
    case 'menu':
      return [...keyed(node.choices), way(node.onTimeout, 'nothing keyed'), way(node.onInvalid, 'no choice')];
    case 'collect':
      return [way(node.next), way(node.onFailure, 'nothing keyed')];
    case 'listen':
      return [
        ...node.phrases.map(({ phrases, go }) => way(go, `“${phrases[0]}”`)),
        ...keyed(node.choices),
        way(node.onNothing, 'nothing understood'),
        way(node.onFailure, 'failed'),
      ];
    case 'lookup':
      return [way(node.found, 'found'), way(node.notFound, 'not found'), way(node.onFailure, 'failed')];
    case 'verify':
      return [way(node.verified, 'verified'), way(node.notVerified, 'not verified'), way(node.onFailure, 'failed')];
    case 'hours':
      return [
        ...[way(node.open, 'open'), way(node.closed, 'closed')],
        ...[way(node.holiday, 'holiday'), way(node.closure, 'closure')],
      ];
    case 'when':
      return [...node.ways.map(({ go }, at) => way(go, `when ${at + 1}`)), way(node.otherwise, 'else')];
    case 'switch':
      return [...[...node.cases].map(([value, to]) => way(to, value)), way(node.otherwise, 'else')];
    case 'subFlow':
      return [...[...node.returns].map(([word, to]) => way(to, word)), way(node.next, 'returned')];
    case 'queue':
      return [...Object.entries(node.overflow).map(([cause, to]) => way(to, cause)), ...keyed(node.keys)];
    case 'callback':
    case 'voicemail':
      return [way(node.next), way(node.onFailure, 'failed')];
    case 'transfer':
      return [way(node.onFailure, 'failed')];
    case 'return':
    case 'hangup':
      return [];
  }
}
