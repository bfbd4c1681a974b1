// What a node does, in a line or two, for a drawing.

import type { Condition, Flow, FlowNode, Language, Say } from '../flow.ts';

const kinds: Record<FlowNode['kind'], { ja: string; en: string }> = {
  say: { ja: '案内', en: 'say' },
  menu: { ja: 'メニュー', en: 'menu' },
  collect: { ja: '番号入力', en: 'collect digits' },
  listen: { ja: '音声認識', en: 'listen' },
  lookup: { ja: '照会', en: 'look up' },
  verify: { ja: '本人確認', en: 'verify' },
  reason: { ja: '用件', en: 'reason' },
  hours: { ja: '営業時間', en: 'hours' },
  when: { ja: '条件', en: 'when' },
  switch: { ja: '分岐', en: 'switch' },
  set: { ja: '設定', en: 'set' },
  language: { ja: '言語', en: 'language' },
  subFlow: { ja: 'サブフロー', en: 'sub-flow' },
  return: { ja: '戻る', en: 'return' },
  queue: { ja: 'キュー', en: 'queue' },
  callback: { ja: '折り返し', en: 'call back' },
  voicemail: { ja: '伝言', en: 'voicemail' },
  transfer: { ja: '転送', en: 'transfer' },
  hangup: { ja: '終了', en: 'hang up' },
};

export function describe(node: FlowNode, language: Language): string[] {
  const kind = kinds[node.kind][language];
  const detail = detailOf(node, language);
  const first = detail === '' ? kind : `${kind}: ${detail}`;
  return node.kind === 'when' ? [kind, ...node.ways.map((way, at) => `${at + 1}: ${conditionText(way)}`)] : [first];
}

function detailOf(node: FlowNode, language: Language): string {
  switch (node.kind) {
    case 'say':
    case 'menu':
    case 'collect':
    case 'listen':
      return said(node.say, language);
    case 'callback':
      return node.queue;
    case 'lookup':
      return node.service;
    case 'verify':
      return node.factor;
    case 'reason':
      return node.reason;
    case 'hours':
      return node.calendar;
    case 'switch':
      return node.variable;
    case 'set':
      return Object.keys(node.set.variables).join(', ');
    case 'language':
      return node.language;
    case 'subFlow':
      return node.flow;
    case 'return':
      return node.word;
    case 'queue':
      return node.queue;
    case 'voicemail':
      return node.mailbox;
    case 'transfer':
      return node.number;
    case 'hangup':
      return node.say ? said(node.say, language) : '';
    case 'when':
      return '';
  }
}

function said(say: Say, language: Language): string {
  if ('prompt' in say) return `♪ ${say.prompt}`;
  return language === 'en' && say.en !== undefined ? say.en : say.ja;
}

function conditionText(way: { if: Condition; unless: Condition | null }): string {
  const unless = way.unless ? `! ${partsOf(way.unless)}` : '';
  return [partsOf(way.if), unless].filter(Boolean).join(' ');
}

function partsOf({ variables, ...others }: Condition): string {
  const parts = Object.entries({ ...others, ...variables }).map(
    ([name, value]) => `${name}=${[value].flat().join('|')}`,
  );
  return parts.join(' ');
}

export function wordsFor(flow: Flow, language: Language): { title: string; description: string } {
  const queues = [...flow.nodes.values()].flatMap((node) => (node.kind === 'queue' ? [node.queue] : []));
  const names = [...new Set(queues)].join(', ');
  const { size } = flow.nodes;
  if (language === 'ja') {
    const ends = names === '' ? '' : `キュー: ${names}。`;
    return {
      title: `通話フロー「${flow.id}」`,
      description: `「${flow.start}」から始まる${size}ノードの流れ図。${ends}`,
    };
  }
  const ends = names === '' ? '' : ` Queues: ${names}.`;
  return {
    title: `Call flow “${flow.id}”`,
    description: `A chart of ${size} nodes that begins at “${flow.start}”.${ends}`,
  };
}
