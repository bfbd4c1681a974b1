// Texts about addresses that are shut out of SIP. Loaded with their page.

import type { BlockView } from '../../../src/api/contracts/block.ts';
import { useLanguage } from './language.tsx';

type Because = BlockView['because'];

interface BorderWords {
  title: string;
  lead: string;
  now: string;
  none: string;
  figures: { now: string; dropped: string; day: string };
  source: string;
  why: string;
  since: string;
  until: string;
  left(minutes: number): string;
  dropped: string;
  actions: string;
  because: Record<Because, string>;
  letIn: string;
  letInOf(source: string): string;
  letInLead: string;
  whyLetIn: string;
  letInNow: string;
  cancel: string;
  done(source: string): string;
  seen: string;
  seenNone: string;
  at: string;
  more(count: number): string;
  forGood: string;
}

const en: BorderWords = {
  title: 'Blocked addresses',
  lead: 'Who scans, floods or guesses passwords is not answered, and shut out after a few tries. Carriers and addresses that are always let in are never counted.',
  now: 'Shut out now',
  none: 'Nobody is shut out.',
  figures: { now: 'shut out now', dropped: 'messages not looked at', day: 'shut out in the last day' },
  source: 'Address',
  why: 'Why',
  since: 'Since',
  until: 'Until',
  left: (minutes) => (minutes < 1 ? 'less than a minute' : `${minutes} min left`),
  dropped: 'Messages',
  actions: 'Actions',
  because: {
    scanner: 'Scanner: looks for telephone systems to break into',
    'unknown-source': 'Asks again and again without being known',
    'malformed-sip': 'Sends what is no SIP',
    'digest-guessing': 'Guesses passwords',
    flood: 'Flood: too many messages at once',
    'idle-connection': 'Opens connections and says nothing',
  },
  letIn: 'Let in again …',
  letInOf: (source) => `Let ${source} in again`,
  letInLead:
    'It may send again at once, on every node. If it goes on as before, it is shut out again, for twice as long.',
  whyLetIn: 'Why may it come in again?',
  letInNow: 'Let in again',
  cancel: 'Cancel',
  done: (source) => `${source} may send again.`,
  seen: 'Scanners and floods of the last day',
  seenNone: 'None were seen.',
  at: 'When',
  more: (count) => `${count} more`,
  forGood:
    'Who must stay out for good belongs in “border: deny” of the configuration; your monitoring and test equipment in “border: allow”.',
};

const ja: BorderWords = {
  title: '遮断したアドレス',
  lead: '走査・大量送信・パスワード推測には応答せず、数回で遮断します。回線事業者と、常に許可したアドレスは対象外です。',
  now: '遮断中',
  none: '遮断中のアドレスはありません。',
  figures: { now: '遮断中', dropped: '破棄したメッセージ', day: '直近24時間の遮断' },
  source: 'アドレス',
  why: '理由',
  since: '開始',
  until: '解除予定',
  left: (minutes) => (minutes < 1 ? '残り1分未満' : `残り ${minutes} 分`),
  dropped: 'メッセージ',
  actions: '操作',
  because: {
    scanner: 'スキャナー（侵入できる電話設備を探している）',
    'unknown-source': '登録のない相手からの繰り返し',
    'malformed-sip': 'SIP として不正な内容',
    'digest-guessing': 'パスワードの推測',
    flood: '大量送信',
    'idle-connection': '接続したまま何も送らない',
  },
  letIn: '遮断を解除…',
  letInOf: (source) => `${source} の遮断を解除`,
  letInLead: 'すべてのノードで、すぐに再び受け付けます。同じことを続ければ、倍の時間遮断されます。',
  whyLetIn: '解除する理由',
  letInNow: '遮断を解除',
  cancel: 'キャンセル',
  done: (source) => `${source} を再び受け付けます。`,
  seen: '直近24時間のスキャンと大量送信',
  seenNone: 'ありません。',
  at: '日時',
  more: (count) => `ほか ${count} 件`,
  forGood: '恒久的に拒否するアドレスは設定の「border: deny」に、監視や試験の機器は「border: allow」に書きます。',
};

export function useBorderWords(): BorderWords {
  return useLanguage().language === 'ja' ? ja : en;
}
