// The states of a leg as data (leg.ts has the picture). Every (state, step) pair that is not here does nothing.

import type { LegState } from '../leg.ts';

export type LegStep = 'ring' | 'answer' | 'end';

export const legTransitions: Readonly<Record<LegState, Partial<Record<LegStep, LegState>>>> = {
  offered: { ring: 'ringing', answer: 'answered', end: 'ended' },
  trying: { ring: 'ringing', answer: 'answered', end: 'ended' },
  ringing: { answer: 'answered', end: 'ended' },
  answered: { end: 'ended' },
  ended: {},
};
