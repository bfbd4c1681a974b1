// `engawa flow`: for the people who write IVR flows: check, test, draw. Mistakes are told as file:line:column: error: sentence, as
// compilers do. Returns 0 when nothing is wrong or only warnings are left, 1 on errors, 2 on a command line it does not understand.

import { asError } from '../shared/errors.ts';
import { check } from './flow/check.ts';
import { drawFlows } from './flow/draw.ts';
import { type Request, readCommandLine } from './flow/flow-request.ts';
import { testFlows } from './flow/test.ts';

const help = `Usage: engawa flow check [FLOWS…] [OPTIONS]
       engawa flow test [SCENARIO-FILES…] [OPTIONS]
       engawa flow draw [FLOWS…] [OPTIONS]

check  Looks for mistakes in these flows (files, or names in the folder), or in every one of config/flows. With --people it is also proven
       that no call is handed to a queue none of whose people may have it.
test   Plays the scenarios of the files, or of the folder tests/ beside the flows, without a telephone.
draw   Draws a flow as SVG.

  --config FILE      take folder, reasons, calendars, queues, services and mailboxes from this configuration
  --flows FOLDER     the flows, in place of those of the configuration
  --queues a,b       names of the queues, in place of those in the configuration
  --reasons FILE     reasons for a call (default config/reasons.yaml)
  --calendars FILE   opening hours (default calendars.yaml beside the reasons)
  --prompts a,b      names of recorded prompts; unless told, those of config/prompts when --config is given
  --people FILE      who serves which queue, and what is registered of them, for the proof
  --policy FILE      who may take which call (default policy.yaml beside the reasons)
  --language ja|en   of a drawing (default ja)
  --out FOLDER       write drawings there, as FLOW.svg; without it, one drawing goes to standard output
  --json             print results as JSON

Without --config and --queues, names of queues are not checked. Exit code 1 when there are errors.`;

const commands: Record<string, (request: Request) => Promise<number>> = { check, test: testFlows, draw: drawFlows };

export async function run(argv: string[]): Promise<number> {
  let answer: ReturnType<typeof readCommandLine>;
  try {
    answer = readCommandLine(argv);
  } catch (thrown) {
    return complain(asError(thrown).message);
  }
  const { what, request } = answer;
  if (answer.help || what === undefined) {
    console.log(help);
    return answer.help ? 0 : 2;
  }
  const command = Object.hasOwn(commands, what) ? commands[what] : undefined;
  if (!command) return complain(`There is no command "flow ${what}".`);
  try {
    return await command(request);
  } catch (thrown) {
    return complain(asError(thrown).message);
  }
}

function complain(message: string): number {
  console.error(`${message}\nengawa flow --help tells more.`);
  return 2;
}
