// Draws a flow as SVG: nodes with what they do, arrows with what has to happen for them. The layout is dagre's (layered, from top
// to bottom). Pure: text out. Read out it is a list: each node is a group with a title, and the picture has a title and a
// description, in the language asked for and in the other one.

import { Graph, layout } from '@dagrejs/dagre';
import type { Flow, FlowNode, Language } from '../flow.ts';
import { labelledWays, wayWords } from '../ways.ts';
import { describe, wordsFor } from './describe.ts';
import { clipped, escaped, textWidth } from './svg-text.ts';

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
interface Arrow {
  points: { x: number; y: number }[];
  x?: number;
  y?: number;
}

const lineHeight = 16;
const padding = 10;
const labelSize = 11;
const maxChars = 34;

/** How each kind looks: the colour of its edge, and its shape by the corner radius. Never by colour alone: each names itself. */
const looks: Partial<Record<FlowNode['kind'], { stroke: string; fill: string; radius: number }>> = {
  queue: { stroke: '#1d6f42', fill: '#e9f5ee', radius: 4 },
  callback: { stroke: '#1d6f42', fill: '#e9f5ee', radius: 4 },
  voicemail: { stroke: '#1d6f42', fill: '#e9f5ee', radius: 4 },
  transfer: { stroke: '#1d6f42', fill: '#e9f5ee', radius: 4 },
  reason: { stroke: '#9a5b00', fill: '#fdf3e3', radius: 4 },
  verify: { stroke: '#7a1f5c', fill: '#f9ebf4', radius: 4 },
  lookup: { stroke: '#24508f', fill: '#eaf1fb', radius: 4 },
  hangup: { stroke: '#555555', fill: '#eeeeee', radius: 18 },
  return: { stroke: '#555555', fill: '#eeeeee', radius: 18 },
};
const usual = { stroke: '#444444', fill: '#ffffff', radius: 4 };

export function drawFlow(flow: Flow, language: Language = 'ja'): string {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 36, ranksep: 46, marginx: 60, marginy: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  const lines = new Map<string, string[]>();
  for (const name of reachableNodes(flow)) {
    const words = [name, ...describe(flow.nodes.get(name)!, language)].map((line) => clipped(line, maxChars));
    lines.set(name, words);
    const width = Math.max(80, ...words.map((line) => textWidth(line, 12))) + 2 * padding;
    graph.setNode(name, { width: Math.ceil(width), height: words.length * lineHeight + 2 * padding });
  }
  const labels = new Map<string, string>();
  const again = new Map<string, string>();
  for (const [from, to, label] of arrowsOf(flow, lines, language)) {
    if (from === to) {
      again.set(from, clipped(label, maxChars));
      continue;
    }
    const name = `${from} ${to}`;
    const text = clipped(label, maxChars);
    labels.set(name, text);
    const width = text === '' ? 0 : Math.ceil(textWidth(text, labelSize)) + 8;
    graph.setEdge(from, to, { width, height: text === '' ? 0 : 14, labelpos: 'c' }, name);
  }
  layout(graph);
  const { width = 100, height = 100 } = graph.graph() as { width?: number; height?: number };
  const boxes = [...lines].map(([name, words]) => boxOf(flow, name, words, graph.node(name) as Box, language));
  const arrows = graph
    .edges()
    .map((edge: { v: string; w: string; name?: string }) =>
      arrowOf(graph.edge(edge) as Arrow, labels.get(edge.name ?? '') ?? ''),
    );
  const loops = [...again].map(([name, label]) => loopOf(graph.node(name) as Box, label));
  return [head(flow, Math.ceil(width), Math.ceil(height), language), ...arrows, ...loops, ...boxes, '</svg>', ''].join(
    '\n',
  );
}

/** From the first node on; the end without words only where something leads to it. */
function reachableNodes(flow: Flow): string[] {
  const seen = new Set(flow.nodes.has(flow.start) ? [flow.start] : []);
  for (const name of seen) {
    for (const { to } of labelledWays(flow.nodes.get(name)!)) if (flow.nodes.has(to)) seen.add(to);
  }
  return [...seen];
}

/** One arrow for each pair of nodes, with all that leads that way. */
function arrowsOf(flow: Flow, drawn: ReadonlyMap<string, unknown>, language: Language): [string, string, string][] {
  const arrows: [string, string, string][] = [];
  for (const name of drawn.keys()) {
    const labels = new Map<string, Set<string>>();
    for (const { to, by } of labelledWays(flow.nodes.get(name)!)) {
      if (!drawn.has(to)) continue;
      const words = by === null ? undefined : (wayWords[by]?.[language] ?? by);
      const list = labels.get(to) ?? new Set();
      labels.set(to, words === undefined ? list : list.add(words));
    }
    for (const [to, words] of labels) arrows.push([name, to, [...words].join(', ')]);
  }
  return arrows;
}

function head(flow: Flow, width: number, height: number, language: Language): string {
  const other = language === 'ja' ? 'en' : 'ja';
  const title = (of: Language) => wordsFor(flow, of).title;
  const about = (of: Language) => wordsFor(flow, of).description;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description" lang="${language}" font-family="'Noto Sans JP', 'Noto Sans CJK JP', sans-serif" font-size="12">
<title id="title" lang="${language}">${escaped(`${title(language)} / ${title(other)}`)}</title>
<desc id="description">${escaped(`${about(language)} ${about(other)}`)}</desc>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 Z" fill="#444444"/></marker></defs>
<rect width="${width}" height="${height}" fill="#ffffff"/>`;
}

function boxOf(flow: Flow, name: string, words: readonly string[], box: Box, language: Language): string {
  const node = flow.nodes.get(name)!;
  const { stroke, fill, radius } = looks[node.kind] ?? usual;
  const left = round(box.x - box.width / 2);
  const top = round(box.y - box.height / 2);
  const line = (text: string, at: number) =>
    `<text x="${round(box.x)}" y="${round(top + padding + lineHeight * (at + 0.75))}" text-anchor="middle"${at === 0 ? ' font-weight="bold"' : ''} fill="#1a1a1a">${escaped(text)}</text>`;
  const title = [name, ...describe(node, language)].join(': ');
  const start = name === flow.start ? ' stroke-width="2.5"' : '';
  return `<g role="group"><title>${escaped(title)}</title><rect x="${left}" y="${top}" width="${round(box.width)}" height="${round(box.height)}" rx="${radius}" fill="${fill}" stroke="${stroke}"${start}/>
${words.map(line).join('\n')}</g>`;
}

function arrowOf({ points, x, y }: Arrow, label: string): string {
  const d = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${round(point.x)} ${round(point.y)}`).join(' ');
  const line = `<path d="${d}" fill="none" stroke="#444444" marker-end="url(#head)"/>`;
  if (label === '' || x === undefined || y === undefined) return line;
  const width = textWidth(label, labelSize) + 6;
  const back = `<rect x="${round(x - width / 2)}" y="${round(y - 8)}" width="${round(width)}" height="15" fill="#ffffff" fill-opacity="0.9"/>`;
  const text = `<text x="${round(x)}" y="${round(y + 4)}" text-anchor="middle" font-size="${labelSize}" fill="#333333">${escaped(label)}</text>`;
  return `${line}\n${back}${text}`;
}

/** Back to the node itself, at its right side. */
function loopOf({ x, y, width }: Box, label: string): string {
  const right = round(x + width / 2);
  const d = `M${right} ${round(y - 10)} C${right + 26} ${round(y - 18)} ${right + 26} ${round(y + 18)} ${right} ${round(y + 10)}`;
  const text = `<text x="${right + 24}" y="${round(y + 4)}" font-size="${labelSize}" fill="#333333">${escaped(label)}</text>`;
  return `<path d="${d}" fill="none" stroke="#444444" marker-end="url(#head)"/>${text}`;
}

const round = (value: number) => Math.round(value * 10) / 10;
