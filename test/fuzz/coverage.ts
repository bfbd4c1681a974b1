// Every parser of the program is under fuzz, or here is why not. A file is a parser when it exports a function that parses, reads or decodes
// what it is given; a new one that is in neither list fails the check.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectRoot } from '../../src/shared/paths.ts';

/** What they read was written by us, by an operator at the command line, or by a server that we asked and trust with the calls. */
export const notFromStrangers: Readonly<Record<string, string>> = {
  'call/queue/earlier-calls.ts': 'reads our own event log',
  'cli/flow/flow-request.ts': 'an operator’s command line',
  'cli/policy/policy-request.ts': 'an operator’s command line',
  'identity/audit/export.ts': 'an operator’s own export, by the command that verifies it',
  'identity/audit/heads.ts': 'our own signed file, by the command that verifies it',
  'identity/audit/signing-files.ts': 'our own signed file',
  'identity/devices/load-device-policy.ts': 'an operator’s file, by yaml-reader.ts, which is under fuzz',
  'identity/home-work/load-home-work.ts': 'an operator’s file, by yaml-reader.ts, which is under fuzz',
  'media/embedded/engine/sockets/socket-address.ts': 'written by the kernel',
  'media/freeswitch/channel-digits.ts': 'an event of FreeSWITCH, read by event-frames.ts',
  'media/freeswitch/far-end.ts': 'FreeSWITCH’s own SDP, by parseSdp, which is under fuzz',
  'media/freeswitch/freeswitch-control.ts': 'the answer of FreeSWITCH to a command of ours',
  'media/freeswitch/party-counts.ts': 'an event of FreeSWITCH, read by event-frames.ts',
  'recording/archive/create-archive.ts': 'reads a stream to its end; what is in it is age-header.ts’s',
  'recording/identity.ts': 'a key file of the operator',
  'routing/flow/proof/proof-people.ts': 'an operator’s file, by yaml-reader.ts',
  'routing/policy/load-policy.ts': 'an operator’s file, by yaml-reader.ts',
  'routing/routing-files.ts': 'reads files; what is in them is load.ts’s and load-policy.ts’s',
  'routing/simulation/day.ts': 'an operator’s command line',
  'shared/key-ring.ts': 'our own key file, or the operator’s environment',
  'store/call-record.ts': 'our own events',
  'store/postgres/events-table.ts': 'our own rows',
  'store/postgres/vault-table.ts': 'our own rows',
  'store/redis/addresses.ts': 'an operator’s environment',
  'store/redis/stream-fields.ts': 'what our nodes wrote into Redis',
};

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

const isParser =
  /^export (?:async )?(?:function|const) (?:(?:parse|decode)[A-Z]\w*|read[A-Z]\w*|create\w*(?:Framer|FrameReader|FrameMeter|AnswerReader))\b/m;

/** Files below src/ that hold a parser. */
export function parserFiles(): string[] {
  const src = join(projectRoot, 'src');
  return walk(src)
    .filter((path) => isParser.test(readFileSync(path, 'utf8')))
    .map((path) => relative(src, path))
    .sort();
}
