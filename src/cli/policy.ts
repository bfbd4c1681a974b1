// `engawa policy`: for the people who write the rules for who may take what. Mistakes are told as file:line:column: error: sentence,
// as compilers do. Returns 0 when nothing is wrong, 1 on errors (explain: when the person may not), 2 on a command line it does
// not understand.

import { asError } from '../shared/errors.ts';
import { checkPolicy } from './policy/check.ts';
import { explainPolicy } from './policy/explain.ts';
import { type PolicyRequest, readCommandLine } from './policy/policy-request.ts';
import { simulatePolicy } from './policy/simulate.ts';

const help = `Usage: engawa policy check [FILE] [OPTIONS]
       engawa policy explain LOGIN [FACTS] --config FILE [OPTIONS]
       engawa policy simulate [FILE] --config FILE [OPTIONS]

check     Looks for mistakes in the rules.
explain   Says whether a person may take such a call, which rule decided, and what every rule made of it.
simulate  Has the queues do a day again under the rules of FILE: who would have taken what, and what waits would have been,
          beside the rules of the configuration and beside what was.

  --config FILE       take rules, reasons, calendars, queues and the database from this configuration
  --policy FILE       the rules, in place of those of the configuration (config/policy.yaml)
  --reasons FILE      reasons and classes (default config/reasons.yaml)
  --calendars FILE    opening hours (default calendars.yaml beside the reasons)
  --operation MODE    normal, partly-home or all-home; in place of the schedule, or of what was

  of explain, about the person and the call:
  --place PLACE       centre, home or unknown; unless told, unknown
  --reason NAME       of reasons.yaml; its class comes with it
  --class NAME        the class of personal information, when there is no reason
  --queue NAME        --direction inbound|outbound   --step whole|identify|handed-over
  --verified a,b      factors by which the customer is verified
  --at TIME           as 2026-09-10T18:00; now unless told

  of simulate:
  --day DATE          as 2026-09-10; yesterday unless told
  --calls             tell every call
  --json              print as JSON`;

const commands: Record<string, (request: PolicyRequest) => Promise<number>> = {
  check: checkPolicy,
  explain: explainPolicy,
  simulate: simulatePolicy,
};

export async function run(argv: string[]): Promise<number> {
  try {
    const request = readCommandLine(argv);
    const { what } = request;
    if (request.help || what === undefined) {
      console.log(help);
      return request.help ? 0 : 2;
    }
    const command = Object.hasOwn(commands, what) ? commands[what] : undefined;
    return command ? await command(request) : complain(`There is no command "policy ${what}".`);
  } catch (thrown) {
    return complain(asError(thrown).message);
  }
}

function complain(message: string): number {
  console.error(`${message}\nengawa policy --help tells more.`);
  return 2;
}
