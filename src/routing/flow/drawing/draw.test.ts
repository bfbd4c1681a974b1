import { test } from 'tap';
import { parseFlow } from '../file/load.ts';
import { drawFlow } from './draw.ts';
import { clipped, escaped, textWidth } from './svg-text.ts';

const yaml = `flow: main
start: hours
nodes:
  hours: { hours: week, open: why, closed: bye }
  why: { menu: { ja: "ご用件 <1> & 2", en: Why }, choices: { 1: contract, 2: contract, 9: repeat }, on-timeout: bye }
  contract: { reason: contract, next: wait }
  wait: { queue: contracts, on-nobody: bye }
  bye: { hang-up: true }
  lost: { hang-up: true }
`;

function drawn(language: 'ja' | 'en') {
  const parsed = parseFlow(yaml, 'x', {});
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return drawFlow(parsed.flow, language);
}

test('a flow is drawn with its nodes, its arrows and what they take, for eyes and for screen readers', async (t) => {
  const svg = drawn('en');
  t.match(svg, /^<svg [^>]*role="img" aria-labelledby="title description" lang="en"/);
  t.match(svg, '<title id="title" lang="en">Call flow “main” / 通話フロー「main」</title>');
  t.match(svg, /<desc id="description">A chart of .* Queues: contracts\. .*キュー: contracts。<\/desc>/);
  for (const name of ['hours', 'why', 'contract', 'wait', 'bye']) t.match(svg, `>${name}</text>`);
  t.match(svg, '<title>wait: queue: contracts</title>');
  for (const label of ['1, 2', 'nothing keyed, no choice', 'nobody there']) t.match(svg, `>${label}</text>`);
  t.notMatch(svg, '>lost<', 'what cannot be reached is not drawn');
  t.equal(svg.match(/<path d="M/g)?.length, 7 + 1, 'arrows, and the head of an arrow');
  t.notMatch(svg, /NaN|undefined/);
});

test('words are in the language that is asked for, and cannot break out of the picture', async (t) => {
  const svg = drawn('ja');
  t.match(svg, 'メニュー: ご用件 &lt;1&gt; &amp; 2');
  t.match(svg, '>担当者不在</text>');
  t.equal(svg, drawn('ja'), 'the same flow gives the same drawing');
  t.equal(escaped('<a href="x">\u0000'), '&lt;a href=&quot;x&quot;&gt;');
  t.equal(clipped('あいうえお', 6), 'あいう…');
  t.ok(textWidth('あ', 12) > textWidth('a', 12));
});
