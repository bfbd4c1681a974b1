// What a check says to people, in both languages: what each item is, and what was found, with what to do about it. The page and
// the report show these sentences as they are, so that agent, supervisor and help desk read the same.

import type { CheckItem, EnvironmentClaims, Words } from './check.ts';

export type Said = Record<'good' | 'bad' | 'unknown', Words>;

export const itemLabels: Record<CheckItem, Words> = {
  network: { ja: 'ネットワークの種類', en: 'Kind of network' },
  latency: { ja: '遅延（往復）', en: 'Delay (round trip)' },
  jitter: { ja: 'ゆらぎ', en: 'Jitter' },
  loss: { ja: 'パケット損失', en: 'Lost packets' },
  mos: { ja: '通話品質（MOS）', en: 'Call quality (MOS)' },
  'direct-udp': { ja: '直接接続（UDP）', en: 'Straight to the server (UDP)' },
  'relay-udp': { ja: '中継（TURN／UDP）', en: 'By relay (TURN over UDP)' },
  'relay-tcp': { ja: '中継（TURN／TCP）', en: 'By relay (TURN over TCP)' },
  'relay-tls': { ja: '中継（TURN／TLS）', en: 'By relay (TURN over TLS)' },
  microphone: { ja: 'マイク', en: 'Microphone' },
  speaker: { ja: 'スピーカー', en: 'Speaker' },
  camera: { ja: 'カメラ', en: 'Camera' },
  browser: { ja: 'ブラウザー', en: 'Browser' },
  'second-display': { ja: '画面の数', en: 'Displays' },
  battery: { ja: 'バッテリー', en: 'Battery' },
};

const both = (ja: string, en: string): Words => ({ ja, en });
const notTold = both('ブラウザーからは分かりません。', 'This browser does not tell.');

const way = (ja: string, en: string): Said => ({
  good: both(`${ja}でつながります。`, `Audio gets through ${en}.`),
  bad: both(`${ja}ではつながりません。`, `Audio does not get through ${en}.`),
  unknown: both(`${ja}は確認できませんでした。`, `Whether audio gets through ${en} could not be found out.`),
});

/** How many of the limit, for figures that should be small. */
const figure =
  (ja: (value: string) => string, en: (value: string) => string, todo: Words) =>
  (value: string, limit: string): Said => ({
    good: both(`${ja(value)}。良好です。`, `${en(value)}: good.`),
    bad: both(
      `${ja(value)}。上限は${limit}です。${todo.ja}`,
      `${en(value)}; no more than ${limit} will do. ${todo.en}`,
    ),
    unknown: both('測定できませんでした。', 'This could not be measured.'),
  });

const nearer = both(
  '有線にするか、Wi-Fiルーターの近くで、ほかの通信を止めてもう一度お試しください。',
  'Use a cable or sit nearer to the Wi-Fi router, stop other traffic, and try again.',
);

export const say = {
  latency: figure(
    (value) => `往復${value}ミリ秒`,
    (value) => `${value} ms there and back`,
    both('VPNや遠いネットワークを避けてください。', 'Avoid VPNs and far networks.'),
  ),
  jitter: figure(
    (value) => `ゆらぎ${value}ミリ秒`,
    (value) => `Jitter of ${value} ms`,
    nearer,
  ),
  loss: figure(
    (value) => `損失${value}%`,
    (value) => `${value} % of the packets were lost`,
    nearer,
  ),
  mos: (value: string, limit: string): Said => ({
    good: both(`MOS ${value}（最高4.5）。良好です。`, `MOS ${value} of 4.5: good.`),
    bad: both(
      `MOS ${value}（${limit}以上が必要）。声が途切れて聞こえます。${nearer.ja}`,
      `MOS ${value}, and ${limit} is needed: callers would hear a broken voice. ${nearer.en}`,
    ),
    unknown: both('測定できませんでした。', 'This could not be measured.'),
  }),
  'direct-udp': way('直接（UDP）', 'straight to the server over UDP'),
  'relay-udp': way('中継（UDP）', 'by relay over UDP'),
  'relay-tcp': way('中継（TCP）', 'by relay over TCP'),
  'relay-tls': way('中継（TLS）', 'by relay over TLS'),
  notOffered: both('会社が用意していません。', 'The company offers none.'),
  microphone: {
    good: both('マイクの音量は十分です。', 'The microphone is loud enough.'),
    bad: both(
      'マイクの音が小さすぎます。入力音量とマイクの選択をご確認ください。',
      'The microphone is too quiet. Check its volume and which one is chosen.',
    ),
    unknown: both('マイクを確認できませんでした。', 'The microphone could not be tested.'),
  },
  microphoneDenied: both(
    'マイクが許可されていません。アドレスバーの鍵のマークから許可してください。',
    'The microphone is not allowed. Allow it by the lock in the address bar.',
  ),
  microphoneMuted: both(
    'マイクが端末側で消音されています。ヘッドセットのボタンとパソコンの設定をご確認ください。',
    'The microphone is muted by the system. Check the button of the headset and the settings of the computer.',
  ),
  speaker: {
    good: both('音が聞こえると確認されました。', 'You said that you hear it.'),
    bad: both(
      '音が聞こえないとのことです。スピーカーの選択と音量をご確認ください。',
      'You said that you hear nothing. Check which speaker is chosen, and its volume.',
    ),
    unknown: both('聞こえたかどうか回答がありません。', 'You did not say whether you heard it.'),
  },
  camera: {
    good: both('カメラがあり、使えます。', 'There is a camera that may be used.'),
    bad: both('カメラがないか、許可されていません。', 'There is no camera, or it is not allowed.'),
    unknown: notTold,
  },
  browser: (value: string, oldest: string): Said => ({
    good: both(`${value}。対応しています。`, `${value} will do.`),
    bad: both(
      `${value}には対応していません（${oldest}以降が必要）。ブラウザーを更新してください。`,
      `${value} will not do (version ${oldest} or later). Update the browser.`,
    ),
    unknown: notTold,
  }),
  screens: {
    good: both('画面は1つです。', 'There is one display.'),
    bad: both(
      '画面が2つ以上あります。お客さまの情報がほかの人から見えないようにしてください。',
      'There is more than one display. See that nobody else can read what is on them.',
    ),
    unknown: notTold,
  },
  battery: (percent: string): Said => ({
    good: both(`残量${percent}%、または充電中です。`, `${percent} % or charging.`),
    bad: both(`残量${percent}%です。電源につないでください。`, `${percent} % left. Plug the computer in.`),
    unknown: notTold,
  }),
};

const lacks: Record<NonNullable<EnvironmentClaims['lineProblem']>, Words> = {
  microphone: both(
    'マイクが使えないため、回線を測定できませんでした。',
    'The line could not be measured: there is no microphone to send with.',
  ),
  'not-called': both(
    'サーバーからの呼び出しが届かず、測定できませんでした。もう一度お試しください。',
    'The line could not be measured: the server’s call did not arrive. Try again.',
  ),
  'not-connected': both(
    '音声がつながらず、測定できませんでした。',
    'The line could not be measured: audio did not get through.',
  ),
  unreachable: both(
    'サーバーに接続できず、測定できませんでした。',
    'The line could not be measured: the server was not reached.',
  ),
};

export const lackOfLine = (problem: EnvironmentClaims['lineProblem']): Words =>
  problem
    ? lacks[problem]
    : both('両方向の測定がそろいませんでした。', 'The line could not be measured in both directions.');
