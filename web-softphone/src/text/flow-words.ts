// Texts of the pages about flows. Not in en.ts and ja.ts: only those pages load them.

import { useLanguage } from './language.tsx';

const en = {
  title: 'Flows',
  lead: 'What callers are asked and where they are led. A version that is published holds for calls that come from now on; calls under way keep theirs.',
  name: 'Flow',
  numbers: 'Numbers',
  noNumber: 'Part of other flows',
  version: 'Version',
  steps: 'Steps',
  language: 'Language',
  files: 'What the files say',
  filesFine: 'The files were read without a mistake.',
  problems: 'Mistakes and warnings',
  severities: { error: 'Mistake', warning: 'Warning' },
  place: (file: string, line: number, column: number) => `${file}, line ${line}, column ${column}`,
  back: 'All flows',
  drawing: 'Drawing',
  drawingOf: (flow: string) => `The flow “${flow}” as a drawing`,
  ownWindow: 'Open in a window of its own',
  versions: 'Versions',
  taken: 'First taken',
  published: 'Published',
  fromFile: 'from the file',
  inForce: 'In force',
  show: 'Show',
  goBack: 'Put in force again',
  followFile: 'Follow the file again',
  followHint: 'Then a change of the file is taken within seconds.',
  text: 'Text',
  textHint: 'YAML. Check it, then publish: it is proven first that no way hands a call to people who may not have it.',
  check: 'Check',
  publish: 'Publish',
  publishTitle: (flow: string) => `Publish “${flow}”?`,
  publishText:
    'It holds on all nodes for calls that come from now on. You can go back to the version before at any time.',
  stay: 'Not now',
  fine: 'No mistakes. No way hands a call to people who may not have it.',
  done: (version: string) => `Version ${version} is in force.`,
  failed: 'That did not work. Try again in a moment.',
};

type FlowWords = typeof en;

const ja: FlowWords = {
  title: 'コールフロー',
  lead: 'お客様に何を伺い、どこへご案内するか。公開した版は、これから着信する通話に使われます。進行中の通話は元の版のままです。',
  name: 'フロー',
  numbers: '電話番号',
  noNumber: '他のフローの一部',
  version: '版',
  steps: 'ステップ数',
  language: '言語',
  files: 'ファイルの状態',
  filesFine: 'ファイルは誤りなく読み込まれました。',
  problems: '誤りと注意',
  severities: { error: '誤り', warning: '注意' },
  place: (file, line, column) => `${file} ${line}行 ${column}桁`,
  back: 'フロー一覧へ',
  drawing: '図',
  drawingOf: (flow) => `フロー「${flow}」の図`,
  ownWindow: '別のウィンドウで開く',
  versions: '版の履歴',
  taken: '取り込み',
  published: '公開',
  fromFile: 'ファイルから',
  inForce: '使用中',
  show: '表示',
  goBack: 'この版に戻す',
  followFile: 'ファイルの内容に戻す',
  followHint: 'その後はファイルの変更が数秒で反映されます。',
  text: '本文',
  textHint:
    'YAML。確認してから公開してください。公開前に、取り扱いを許されない人に通話が渡る経路がないことを証明します。',
  check: '確認する',
  publish: '公開する',
  publishTitle: (flow) => `「${flow}」を公開しますか`,
  publishText: 'これから着信する通話に、すべてのノードで使われます。いつでも前の版に戻せます。',
  stay: 'やめておく',
  fine: '誤りはありません。取り扱いを許されない人に通話が渡る経路もありません。',
  done: (version) => `版 ${version} が使われています。`,
  failed: 'うまくいきませんでした。しばらくしてからやり直してください。',
};

export function useFlowWords(): FlowWords {
  return useLanguage().language === 'ja' ? ja : en;
}
