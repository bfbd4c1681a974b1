// What `npm start` runs: the demo company on embedded parts, unless ENGAWA_CONFIG names a configuration.

import { run } from './cli/start.ts';

process.exitCode = await run(process.env['ENGAWA_CONFIG'] ? ['--config', process.env['ENGAWA_CONFIG']] : ['--demo']);
