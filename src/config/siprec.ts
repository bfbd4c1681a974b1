// The section siprec: a company's own recording server, and which calls it gets.

import { type Static, Type } from 'typebox';
import { section } from '../shared/yaml/yaml-schema.ts';

export const Siprec = Type.Optional(
  section('A recording server of the company’s own, besides our recordings (SIPREC, docs/siprec.md).', {
    server: Type.String({
      pattern: '^sips?:[^\\s<>;]+(;transport=(udp|tcp|tls))?$',
      description: 'Its address: sip:srs.example.net;transport=tls.',
    }),
    address: Type.String({
      default: '127.0.0.1',
      description: 'Address of this machine that the audio is sent from, as the recording server sees it.',
    }),
    srtp: Type.Boolean({ default: true, description: 'Seal the audio (SDES). Without, it goes in the clear.' }),
    queues: Type.Array(Type.String(), { default: [], description: 'Only calls of these queues; all unless given.' }),
    reasons: Type.Array(Type.String(), { default: [], description: 'Only calls about this; all unless given.' }),
    agentNames: Type.Boolean({ default: false, description: 'Names agents by login; otherwise by an id.' }),
  }),
);

type Settings = {
  siprec?: Static<typeof Siprec>;
  queues: readonly { name: string }[];
  sip: { kind: string; listen?: unknown };
};

/** What the schema cannot say. */
export function siprecProblems({ siprec, queues, sip }: Settings): string[] {
  if (!siprec) return [];
  const encrypted = siprec.server.startsWith('sips:') || siprec.server.includes('transport=tls');
  const transport = encrypted ? 'tls' : (/transport=(\w+)/.exec(siprec.server)?.[1] ?? 'udp');
  // A server of ours calls from where it listens; what another has, it says itself.
  const listens = sip.kind === 'embedded' && Array.isArray(sip.listen) ? sip.listen.map(String) : undefined;
  return [
    ...siprec.queues
      .filter((asked) => !queues.some(({ name }) => name === asked))
      .map((queue) => `siprec.queues: “${queue}” is not there.`),
    ...(listens && !listens.some((address) => address.startsWith(`${transport}/`))
      ? [`siprec.server is called over ${transport}: sip.listen needs a ${transport}/ address to call from.`]
      : []),
    // The key of each stream is in the SDP (RFC 4568 §8.1).
    ...(siprec.srtp && !encrypted
      ? ['siprec.srtp: the keys travel in SIP, so siprec.server needs ;transport=tls.']
      : []),
  ];
}
