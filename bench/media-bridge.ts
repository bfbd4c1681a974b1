import { type Bench, notMeasured } from './figures.ts';
export const bench: Bench = { name: 'media-bridge', run: async () => [notMeasured('x', '', 'later')] };
