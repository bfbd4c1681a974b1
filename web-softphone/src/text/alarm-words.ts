// Texts about what is unusual. Not in en.ts and ja.ts: only the wallboard loads them.

import type { AlarmView } from '../../../src/api/contracts/alarms.ts';
import { useLanguage } from './language.tsx';

interface AlarmWords {
  title: string;
  none: string;
  at: string;
  what: string;
  about: string;
  kinds: Record<AlarmView['kind'], string>;
}

const en: AlarmWords = {
  title: 'Unusual in the last day',
  none: 'Nothing unusual.',
  at: 'At',
  what: 'What',
  about: 'About',
  kinds: {
    'harassment-reported': 'A customer abused somebody',
    'emergency-dialled': 'An emergency number was dialled',
    'toll-cap-near': 'A cap on calls out is near',
    'toll-cap-reached': 'A cap on calls out is reached',
    'sign-in-throttled': 'Somebody tries passwords',
    'source-blocked': 'An address on the internet is shut out',
    'recording-failed': 'A recording is in trouble',
    'recording-server-failed': 'The recording server of the company does not record',
    'trunk-down': 'A carrier is down',
    'server-down': 'A server is down',
  },
};

const ja: AlarmWords = {
  title: '直近24時間の注意事項',
  none: '変わったことはありません。',
  at: '時刻',
  what: '内容',
  about: '対象',
  kinds: {
    'harassment-reported': 'カスタマーハラスメントの申し出',
    'emergency-dialled': '緊急通報番号への発信',
    'toll-cap-near': '発信の上限に近づいています',
    'toll-cap-reached': '発信の上限に達しました',
    'sign-in-throttled': 'パスワードの繰り返し試行',
    'source-blocked': 'インターネット上の発信元を遮断',
    'recording-failed': '録音に問題が起きています',
    'recording-server-failed': '自社の録音サーバーが録音していません',
    'trunk-down': '回線事業者との接続が切れています',
    'server-down': 'サーバーが停止しています',
  },
};

export function useAlarmWords(): AlarmWords {
  return useLanguage().language === 'ja' ? ja : en;
}
