// `engawa start`: runs the program until Ctrl-C, then drains. A second Ctrl-C does not wait.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startApp } from '../app.ts';
import { type Config, loadConfig } from '../config.ts';
import { createNumberMask } from '../privacy/mask.ts';
import { loadSecrets, type Secrets } from '../secrets.ts';
import { createLogger } from '../shared/logger.ts';
import { projectRoot } from '../shared/paths.ts';
import { explain } from './explain.ts';
import { holdFolder } from './hold-folder.ts';

const help = `Usage: engawa start --config FILE
       engawa start --demo      the demo company, loopback only (what npm start runs)

Log lines (JSON) go to standard error; --log FILE writes them to a file instead.`;

export async function run(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      config: { type: 'string', short: 'c' },
      demo: { type: 'boolean' },
      log: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (!values.config && !values.demo) {
    console.error('Say which configuration: engawa start --config FILE, or engawa start --demo to try it.');
    return 2;
  }
  const file = values.config ?? process.env['ENGAWA_CONFIG'] ?? join(projectRoot, 'config', 'demo.yaml');
  try {
    return await runUntilStopped(file, values.log);
  } catch (error) {
    console.error(explain(error));
    return 1;
  }
}

async function runUntilStopped(file: string, logFile: string | undefined): Promise<number> {
  const { config, choices } = loadConfig(file);
  const secrets = loadSecrets(config.dataFolder);
  const letGo = holdFolder(config.dataFolder);
  try {
    return await runHolding(config, choices, secrets, logFile);
  } finally {
    letGo();
  }
}

async function runHolding(
  config: Config,
  choices: string[],
  secrets: Secrets,
  logFile: string | undefined,
): Promise<number> {
  const logTo = logFile ?? (config.demo ? join(config.dataFolder, 'engawa.log') : undefined);
  const log = createLogger({
    level: config.log.level,
    mask: createNumberMask({
      policy: config.log.numbers,
      open: config.company.numbers.map(({ number }) => number),
    }),
    ...(logTo ? { file: logTo } : {}),
  });
  if (logTo) console.log(`log: ${logTo}`);
  for (const line of choices) console.log(line);

  const stopped = whenAskedToStop();
  const app = await startApp(config, secrets, { log, progress: (line) => console.log(line) });
  for (const line of app.greeting()) console.log(line);
  const signal = await stopped;
  console.log(`\n${signal}: no new calls; live calls get ${config.calls.drainSeconds} s. Again to stop at once.`);
  await app.close();
  console.log('Closed.');
  return 0;
}

/** Settles at the first signal; a second one does not wait. */
function whenAskedToStop(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: string) => {
      if (asked) process.exit(130);
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
