// Texts about raised hands. Loaded with the cards that show them.

import type { HelpAbout, HelpAnswer } from '../../../src/shared/events.ts';
import { useLanguage } from './language.tsx';

interface HelpWords {
  /** At the desk. */
  title: string;
  ask: string;
  choose: string;
  abouts: Record<HelpAbout, string>;
  waiting: string;
  answers: Record<HelpAnswer, string>;
  from: (name: string) => string;
  takeDown: string;
  /** At the wallboard. */
  hands: string;
  name: string;
  about: string;
  since: string;
  answered: string;
  nobodyYet: string;
  act: string;
  answer: string;
  answerOf: (name: string) => string;
  listen: string;
  done: string;
  doneOf: (name: string) => string;
}

const en: HelpWords = {
  title: 'Help',
  ask: 'Ask a supervisor',
  choose: 'What it is about',
  abouts: {
    question: 'I have a question',
    harassment: 'The customer is abusive',
    technical: 'Something does not work',
    unwell: 'I am not well',
  },
  waiting: 'The supervisors see your hand. Nobody has answered yet.',
  answers: {
    listening: 'I am listening in. Please go on.',
    'one-moment': 'One moment, I am coming.',
    'hand-it-to-me': 'Transfer the call to me.',
    'may-end': 'You may end the call.',
    'after-this': 'I will call you after this call.',
    'take-a-break': 'Take a break now.',
  },
  from: (name) => `${name}:`,
  takeDown: 'I no longer need help',
  hands: 'Raised hands',
  name: 'Who',
  about: 'About',
  since: 'For',
  answered: 'Answer',
  nobodyYet: 'Nobody has answered',
  act: 'Help',
  answer: 'Answer',
  answerOf: (name) => `Answer ${name}`,
  listen: 'Listen in',
  done: 'Helped',
  doneOf: (name) => `${name} was helped`,
};

const ja: HelpWords = {
  title: 'ヘルプ',
  ask: 'SVに助けを求める',
  choose: '内容',
  abouts: {
    question: '質問があります',
    harassment: 'お客様からハラスメントを受けています',
    technical: '機器や回線の調子が悪い',
    unwell: '体調がすぐれません',
  },
  waiting: 'SVの画面に挙手が表示されています。まだ応答はありません。',
  answers: {
    listening: '通話を聞いています。そのまま続けてください。',
    'one-moment': '少しお待ちください。すぐ対応します。',
    'hand-it-to-me': '通話を私に転送してください。',
    'may-end': '通話を終了してかまいません。',
    'after-this': 'この通話のあとでこちらからお電話します。',
    'take-a-break': '休憩を取ってください。',
  },
  from: (name) => `${name}より：`,
  takeDown: '解決しました',
  hands: '挙手',
  name: '氏名',
  about: '内容',
  since: '経過',
  answered: '応答',
  nobodyYet: '未応答',
  act: '対応',
  answer: '応答する',
  answerOf: (name) => `${name}さんに応答する`,
  listen: '通話を聞く',
  done: '対応済み',
  doneOf: (name) => `${name}さんへの対応を終える`,
};

export function useHelpWords(): HelpWords {
  return useLanguage().language === 'ja' ? ja : en;
}
