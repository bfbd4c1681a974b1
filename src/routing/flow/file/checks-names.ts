// Names that a node uses and that must exist elsewhere: queues, reasons, prompts, services, texts. And what is said: that it can
// be said in the languages that are spoken.

import { nearest } from '../../../shared/nearest.ts';
import type { YamlReading } from '../../../shared/yaml/yaml-reader.ts';
import type { KnownNames } from './known-names.ts';
import { saysOf } from './parts.ts';
import type { ConditionFields, NodeFields, SayFields, WordsFields } from './schema.ts';

type Report = YamlReading['report'];
type Spoken = readonly ('ja' | 'en')[];

export function checkNames(
  name: string,
  node: NodeFields,
  known: KnownNames,
  texts: ReadonlyMap<string, WordsFields>,
  spoken: Spoken,
  report: Report,
): void {
  const check = (what: string, path: string[], value: string | undefined, all: Iterable<string> | undefined) => {
    if (value === undefined || all === undefined) return;
    const list = [...all];
    if (list.includes(value)) return;
    const near = nearest(value, list);
    const hint = near ? `; did you mean "${near}"?` : '';
    report('error', ['nodes', name, ...path], `there is no ${what} "${value}"${hint}`);
  };
  check('queue', ['queue'], node.queue, known.queues);
  check('queue', ['callback'], node.callback, known.queues);
  check('reason', ['reason'], node.reason, known.reasons);
  check('calendar', ['hours'], node.hours, known.calendars);
  for (const [at, reason] of (node.reasons ?? []).entries())
    check('reason', ['reasons', String(at)], reason, known.reasons);
  check('service', ['lookup'], node.lookup, known.services);
  check('mailbox', ['voicemail'], node.voicemail, known.mailboxes);
  if (typeof node.check === 'object') {
    if ('lookup' in node.check) check('service', ['check', 'lookup'], node.check.lookup, known.services);
    else check('destination', ['check', 'seal'], node.check.seal, known.destinations);
  }
  for (const [at, way] of (node.when ?? []).entries()) {
    for (const key of ['if', 'unless'] as const) {
      for (const reason of reasonsOf(way[key]))
        check('reason', ['when', String(at), key, 'reason'], reason, known.reasons);
    }
  }
  const prompt = (path: string[], value: string | undefined) => {
    const prompts = known.prompts as Record<'ja' | 'en', string[]> | undefined;
    const lacking = spoken.filter((language) => value !== undefined && prompts && !prompts[language].includes(value));
    if (!prompts || lacking.length === 0) return;
    const elsewhere = prompts.ja.includes(value!) || prompts.en.includes(value!);
    if (!elsewhere) return check('prompt', path, value, prompts[spoken[0]!]);
    const languages = lacking.map((language) => (language === 'ja' ? 'Japanese' : 'English')).join(' and ');
    report('error', ['nodes', name, ...path], `there is no ${languages} prompt "${value}"`);
  };
  prompt(['play'], node.play);
  prompt(['music'], node.music);
  for (const [key, say] of saysOf(node)) {
    if ('prompt' in say) prompt([key, 'prompt'], say.prompt);
    if (!('text' in say)) continue;
    check('text', [key, 'text'], say.text, texts.keys());
    const words = texts.get(say.text);
    if (words && 'prompt' in words) prompt([key, 'text'], words.prompt);
  }
}

function reasonsOf(condition: ConditionFields | undefined): readonly string[] {
  const reason = condition?.reason;
  return reason === undefined ? [] : [reason].flat();
}

export function checkTexts(name: string, node: NodeFields, spoken: Spoken, report: Report): void {
  for (const [key, say] of saysOf(node)) checkText(['nodes', name, key], key, say, spoken, report);
}

export function checkText(path: string[], key: string, say: SayFields, spoken: Spoken, report: Report): void {
  // The Japanese itself is required by the format.
  if ('prompt' in say || 'text' in say || say.ja === undefined) return;
  if (say.en === undefined) {
    const severity = spoken.includes('en') ? 'error' : 'warning';
    report(severity, path, `"${key}" has no English text ("en")`, 'key');
  }
  if (/\p{Script=Han}/u.test(say['ja-kana'] ?? '')) {
    report('warning', [...path, 'ja-kana'], 'the reading contains kanji; write it in kana');
  }
}
