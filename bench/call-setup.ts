import { type Bench, notMeasured } from './figures.ts';
export const bench: Bench = { name: 'call-setup', run: async () => [notMeasured('x', '', 'later')] };
