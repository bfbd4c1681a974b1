// Texts about calls of the last hours, and about seeing a customer's number. Loaded with the wallboard, not with the desk.

import { useLanguage } from './language.tsx';

const en = {
  title: 'Last calls',
  none: 'There was no call yet.',
  directions: { inbound: 'In', outbound: 'Out' },
  direction: 'Direction',
  talked: 'Talked',
  show: 'Show number',
  showOf: (alias: string) => `Show the number of ${alias}`,
  centreOnly: 'Customers’ numbers are shown in the centre only, not where you are.',
  dialogTitle: (alias: string) => `The number of ${alias}`,
  lead: 'That you saw it, when, from where and for what is kept. Give it to nobody who works at home.',
  purpose: 'For what',
  note: 'More about it',
  noteNeeded: 'More about it (needed)',
  cancel: 'Cancel',
  asking: 'Asking …',
  forgotten: (seconds: number) => `Forgotten here in ${seconds} s`,
  hide: 'Hide now',
};
type RevealWords = typeof en;

const ja: RevealWords = {
  title: '最近の通話',
  none: '通話はまだありません。',
  directions: { inbound: '着信', outbound: '発信' },
  direction: '種別',
  talked: '通話時間',
  show: '番号を表示',
  showOf: (alias) => `${alias} の番号を表示`,
  centreOnly: 'お客様の番号はセンター内でだけ表示できます。今いる場所では表示できません。',
  dialogTitle: (alias) => `${alias} の電話番号`,
  lead: '表示した人、日時、場所、目的が記録されます。在宅勤務の人には伝えないでください。',
  purpose: '目的',
  note: '補足',
  noteNeeded: '補足（必須）',
  cancel: 'キャンセル',
  asking: '確認中…',
  forgotten: (seconds) => `${seconds}秒後に消えます`,
  hide: '今すぐ消す',
};

export function useRevealWords(): RevealWords {
  return useLanguage().language === 'ja' ? ja : en;
}
