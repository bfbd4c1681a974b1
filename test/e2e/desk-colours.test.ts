// The colours of the pages, light and dark, can be told from their ground (WCAG 2.2 AA 1.4.3 and 1.4.11): computed from
// the tokens, so that a changed colour cannot slip below.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../src/shared/paths.ts';

const css = readFileSync(join(projectRoot, 'web-softphone/src/styles/tokens.css'), 'utf8');
const [lightPart = '', darkPart = ''] = css.split('@media (prefers-color-scheme: dark)');
const tokensOf = (part: string) =>
  Object.fromEntries([...part.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
const light = tokensOf(lightPart);
const schemes = { light, dark: { ...light, ...tokensOf(darkPart) } } as Record<string, Record<string, string>>;

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, bright = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
}

/** Text, its ground. */
const texts: [string, string][] = [
  ...['paper', 'surface', 'surface-soft', 'paper-deep'].map((ground): [string, string] => ['ink', ground]),
  ...['paper', 'surface', 'surface-soft'].map((ground): [string, string] => ['ink-soft', ground]),
  ...['garden', 'amber', 'water'].map((colour): [string, string] => ['ink', `${colour}-soft`]),
  ['ink', 'persimmon-soft'],
  ['on-wood', 'wood'],
  ['on-wood-soft', 'wood'],
  ['on-garden', 'garden'],
  ['on-garden', 'garden-deep'],
  ['on-persimmon', 'persimmon'],
  ['on-persimmon', 'persimmon-deep'],
  ['garden-deep', 'garden-soft'],
  ['amber', 'amber-soft'],
  ['amber', 'surface'],
  ['persimmon-deep', 'persimmon-soft'],
  ['persimmon-deep', 'surface'],
  ['persimmon', 'surface'],
  ['garden', 'surface'],
  ['water', 'water-soft'],
];
/** Borders of controls, marks and the focus, their ground. */
const marks: [string, string][] = [
  ['edge', 'surface'],
  ['edge', 'paper'],
  ['focus', 'surface'],
  ['focus', 'paper'],
  ['garden', 'garden-soft'],
  ['amber', 'amber-soft'],
  ['water', 'water-soft'],
  ['persimmon', 'persimmon-soft'],
  ['wood-soft', 'amber-soft'],
];

for (const [scheme, tokens] of Object.entries(schemes)) {
  t.test(`${scheme}: text has 4.5 : 1, marks have 3 : 1`, (t) => {
    for (const [pairs, least] of [
      [texts, 4.5],
      [marks, 3],
    ] as const) {
      for (const [front, ground] of pairs) {
        const ratio = contrast(tokens[front] ?? '#000000', tokens[ground] ?? '#000000');
        t.ok(ratio >= least, `${front} on ${ground}: ${ratio.toFixed(2)}, at least ${least}`);
      }
    }
    t.end();
  });
}
