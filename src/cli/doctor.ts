// `engawa doctor`: looks at an installation from the inside and says what is wrong, in sentences. Changes nothing but a
// file that it writes and removes to see whether the disk takes it. Exit code 1 when something would keep calls from working.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '../config.ts';
import { projectRoot } from '../shared/paths.ts';
import { checkAudit } from './doctor/audit.ts';
import { checkCertificates } from './doctor/certificates.ts';
import { type Check, error, type Finding, findingsOf, ok, type Patient } from './doctor/finding.ts';
import { checkMedia } from './doctor/media.ts';
import { checkSipServers } from './doctor/sip-servers.ts';
import { checkDatabase, checkLiveState } from './doctor/stores.ts';
import {
  checkFlows,
  checkFolders,
  checkPorts,
  checkRecordingKeys,
  checkRuntime,
  checkSpeech,
  checkTrunks,
} from './doctor/this-machine.ts';
import { checkTurn } from './doctor/turn.ts';
import { explain } from './explain.ts';

const help = `Usage: engawa doctor --config FILE [--running]

Checks the configuration, flows, ports, certificates, folders, disk space, recording keys, trunks, speech, database, live
state, SIP servers, media servers (a call with ICE and DTLS, and the way back from them), TURN servers, and that clocks agree.
Run it while Engawa is stopped, or say --running: its ports are then expected to be taken.`;

const checks: Check[] = [
  checkRuntime,
  checkFlows,
  checkPorts,
  checkCertificates,
  checkFolders,
  checkRecordingKeys,
  checkAudit,
  checkTrunks,
  checkSpeech,
  checkDatabase,
  checkLiveState,
  checkSipServers,
  checkMedia,
  checkTurn,
];

export async function run(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      config: { type: 'string', short: 'c' },
      running: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const file = values.config ?? join(projectRoot, 'config', 'demo.yaml');
  let config: Config;
  try {
    config = loadConfig(file).config;
    print(ok(`${file} is understood.`));
  } catch (thrown) {
    print(error(explain(thrown)));
    return 1;
  }
  const patient: Patient = { config, running: values.running ?? false };
  let errors = 0;
  for (const check of checks) {
    for (const finding of await findingsOf(check, patient)) {
      print(finding);
      if (finding.level === 'error') errors += 1;
    }
  }
  console.log(errors === 0 ? '\nCalls can be taken.' : `\n${errors} thing${errors === 1 ? '' : 's'} to mend.`);
  return errors === 0 ? 0 : 1;
}

function print({ level, sentence }: Finding): void {
  console.log(`${{ ok: 'ok     ', warning: 'warning', error: 'error  ' }[level]}  ${sentence}`);
}
