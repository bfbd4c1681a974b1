#!/usr/bin/env node
// The `engawa` command: finds the sub-command, hands it the rest of the line, exits with what it returns.

import { explain } from './explain.ts';

const commands: Record<string, { does: string; load: () => Promise<{ run(argv: string[]): Promise<number> }> }> = {
  start: { does: 'Run the contact centre: --config FILE, or --demo', load: () => import('./start.ts') },
  audit: { does: 'Who did what: verify, export, forget', load: () => import('./audit.ts') },
  doctor: { does: 'Say what is wrong with an installation: --config FILE', load: () => import('./doctor.ts') },
  flow: { does: 'Check, test and draw IVR flows: check, test, draw [FILES]', load: () => import('./flow.ts') },
  keys: { does: 'List and rotate the keys of an installation', load: () => import('./keys.ts') },
  policy: { does: 'Check, explain and simulate who may take what', load: () => import('./policy.ts') },
  privacy: { does: 'What is kept of a customer, and erasing it: show, erase', load: () => import('./privacy.ts') },
  recording: {
    does: 'Open, verify, seal anew, keep, delete and export recordings',
    load: () => import('./recording.ts'),
  },
  user: { does: 'Add and list people: add LOGIN, list', load: () => import('./user.ts') },
  'sip-server': { does: 'Run the SIP server alone, for drachtio applications', load: () => import('./sip-server.ts') },
};

async function main(argv: string[]): Promise<number> {
  const [name = '', ...rest] = argv;
  const command = commands[name];
  if (command) return (await command.load()).run(rest);
  const help = name === '' || name === 'help' || name === '--help';
  const print = help ? console.log : console.error;
  if (!help) print(`There is no command “${name}”.`);
  print('Usage: engawa COMMAND [OPTIONS]\n');
  for (const [command, { does }] of Object.entries(commands)) print(`  ${command.padEnd(12)}${does}`);
  print('\nengawa COMMAND --help tells more.');
  return help ? 0 : 2;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
