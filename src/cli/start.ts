// `engawa start`: runs the program until Ctrl-C, then drains. A second Ctrl-C does not wait.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type App, startApp } from '../app.ts';
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

/** Asked to stop before it has started, it has ended after this. */
const stopsWithinMs = 12_000;
/** Log and console are written out in this time. */
const lingersMs = 2_000;

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
  const asked = whenAskedToStop();
  const letGo = holdFolder(config.dataFolder);
  try {
    return await runHolding(config, choices, { secrets, asked }, logFile);
  } finally {
    letGo();
    endSoon();
  }
}

async function runHolding(
  config: Config,
  choices: string[],
  { secrets, asked }: { secrets: Secrets; asked: AbortSignal },
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

  const app = await startUnlessStopped(asked, () =>
    startApp(config, secrets, { log, progress: (line) => console.log(line), stop: asked }),
  );
  if (!app) return 0;
  for (const line of app.greeting()) console.log(line);
  const reload = () => void app.reload();
  process.on('SIGHUP', reload);
  await stopAsked(asked);
  process.off('SIGHUP', reload);
  console.log(`\n${asked.reason}: no new calls; live calls get ${config.calls.drainSeconds} s. Again to stop at once.`);
  await app.close();
  console.log('Closed.');
  return 0;
}

/** Undefined when it was asked to stop first; what had started is closed then. */
async function startUnlessStopped(asked: AbortSignal, start: () => Promise<App>): Promise<App | undefined> {
  let started = false;
  let late: NodeJS.Timeout | undefined;
  const limit = () => {
    if (started) return;
    late = setTimeout(() => {
      console.error(`${asked.reason}: what had started did not close in time; ended.`);
      process.exit(1);
    }, stopsWithinMs);
  };
  asked.addEventListener('abort', limit);
  try {
    const app = await start();
    started = true;
    return app;
  } catch (error) {
    if (!asked.aborted) throw error;
    console.log(`${asked.reason}: stopped before it had started.`);
    return undefined;
  } finally {
    asked.removeEventListener('abort', limit);
    clearTimeout(late);
  }
}

const stopAsked = (asked: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    asked.addEventListener('abort', () => resolve());
    if (asked.aborted) resolve();
  });

/** Aborted with the name of the first signal; a second one does not wait. */
function whenAskedToStop(): AbortSignal {
  const asked = new AbortController();
  const onSignal = (signal: string) => {
    if (asked.signal.aborted) process.exit(130);
    asked.abort(signal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return asked.signal;
}

/** Everything is closed: a connection that somebody still holds must not keep the process. */
function endSoon(): void {
  setTimeout(() => process.exit(), lingersMs).unref();
}
