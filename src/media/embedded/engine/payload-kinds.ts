// What a payload type means to a party, as small numbers: looked up once per packet.

import type { Law } from '../../../protocol/rtp/g711.ts';

export const kind = { unknown: 0, pcmu: 1, pcma: 2, opus: 3, event: 4, comfortNoise: 5 } as const;

export const kindOf: Readonly<Record<string, number>> = { PCMU: kind.pcmu, PCMA: kind.pcma, opus: kind.opus };

export const lawOf = (codecKind: number): Law => (codecKind === kind.pcmu ? 'PCMU' : 'PCMA');

export const isG711 = (codecKind: number): boolean => codecKind === kind.pcmu || codecKind === kind.pcma;

/** Audio of one kind may go to a listener of the other as it is, or changed code by code. */
export const passes = (from: number, to: number): boolean => from === to || (isG711(from) && isG711(to));
