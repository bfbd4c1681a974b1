// engawa recording: open, list and verify sealed recordings, make key pairs, and what becomes of recordings. With --config on an
// installation, whose database has the headers; with --folder on whole files alone, such as those of an export.

import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Decrypter } from 'age-encryption';
import { readIdentities, writeNewIdentity } from '../recording/identity.ts';
import { listRecordings, verifyRecording } from '../recording/inventory.ts';
import { createIdentities, type OpenedRecording } from '../recording/open-parts.ts';
import { openRecording } from '../recording/open-recording.ts';
import { createFolderStorage } from '../recording/storage.ts';
import { asError } from '../shared/errors.ts';
import type { RecordingId } from '../shared/ids.ts';
import { projectRoot } from '../shared/paths.ts';
import { listArchived, openArchived, verifyAllArchived } from './recording/archived.ts';
import { type Installation, withInstallation } from './recording/installation.ts';
import { exportTar, hold, type LifeFlags, release, remove, retention, rotate } from './recording/life.ts';

const help = `Usage: engawa recording COMMAND [OPTIONS]

  open ID --identity FILE [--out FILE]   Open a recording, also one that a crash left in parts, as Ogg Opus
  list                                   What there is, newest first
  verify [ID …] [--identity FILE]        Look for what was changed, is missing or was swapped; with --folder and a private
                                         key, everything in the files
  keygen --out FILE [--post-quantum]     Make a key pair; the public key is printed, for recording.recipients

With --config FILE only:
  rotate [ID …] --identity FILE [--recipients age1…,age1…] [--again]
                                         Write headers anew, for these recipients or those of the configuration
  retention [--dry-run]                  Delete what is kept long enough by recording.retention
  hold ID … --matter CASE --purpose WHY  Keep these, whatever the clock says
  release rh_… --purpose WHY             End a hold
  delete ID … --purpose WHY              Delete these, so that nobody can open them
  export [ID …] --out FILE.tar --purpose WHY [--since DATE] [--until DATE] [--queue NAME]
                                         Sealed files with what is known of each as JSON

  --config FILE     The installation
  --folder FOLDER   A folder of whole files instead (default data/recordings)
  --identity FILE   Private keys, as age-keygen or "keygen" makes them

Without --out, "open" writes to standard output:  engawa recording open r_… --identity key.txt | ffplay -
`;

interface Flags extends LifeFlags {
  folder: string;
  config?: string;
  'post-quantum'?: boolean;
}

/** What needs an installation. */
const onInstallation: Record<string, (installation: Installation, ids: string[], flags: Flags) => Promise<number>> = {
  rotate,
  retention: (installation, _, flags) => retention(installation, flags),
  hold,
  release,
  delete: remove,
  export: exportTar,
  list: listArchived,
  verify: verifyAllArchived,
  open: async (installation, ids, flags) =>
    openOne(ids, flags, (id, identities) => openArchived(installation, id as RecordingId, identities)),
};

export async function run(argv: string[]): Promise<number> {
  const parsed = parse(argv);
  if ('because' in parsed) {
    console.error(`${parsed.because}\n\n${help}`);
    return 2;
  }
  const { command, ids, flags } = parsed;
  try {
    const work = onInstallation[command];
    if (work && flags.config)
      return await withInstallation(flags.config, command, (installation) => work(installation, ids, flags));
    switch (command) {
      case 'help':
        console.log(help);
        return 0;
      case 'open':
        return await open(ids, flags);
      case 'list':
        return await list(flags);
      case 'verify':
        return await verify(ids, flags);
      case 'keygen':
        return await keygen(flags);
      default:
        if (work) return usage(`Say which installation: recording ${command} --config FILE`);
        console.error(`There is no command “recording ${command}”.\n\n${help}`);
        return 2;
    }
  } catch (thrown) {
    console.error(asError(thrown).message);
    return 1;
  }
}

function parse(argv: string[]): { command: string; ids: string[]; flags: Flags } | { because: string } {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        folder: { type: 'string' },
        config: { type: 'string', short: 'c' },
        identity: { type: 'string', short: 'i' },
        out: { type: 'string', short: 'o' },
        recipients: { type: 'string' },
        purpose: { type: 'string' },
        matter: { type: 'string' },
        since: { type: 'string' },
        until: { type: 'string' },
        queue: { type: 'string' },
        'dry-run': { type: 'boolean' },
        again: { type: 'boolean' },
        'post-quantum': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const [command = 'help', ...ids] = positionals;
    const folder = values.folder ?? join(projectRoot, 'data', 'recordings');
    // A folder that is given is looked at by itself, whatever is configured.
    if (values.folder) delete values.config;
    return { command: values.help ? 'help' : command, ids, flags: { ...values, folder } };
  } catch (thrown) {
    return { because: asError(thrown).message };
  }
}

function open(ids: string[], flags: Flags): Promise<number> {
  const storage = createFolderStorage({ folder: flags.folder });
  return openOne(ids, flags, (recordingId, identities) => openRecording({ storage, recordingId, identities }));
}

async function openOne(
  ids: string[],
  { identity, out }: Flags,
  work: (id: string, identities: Decrypter) => Promise<OpenedRecording>,
): Promise<number> {
  const [recordingId] = ids;
  if (!recordingId || ids.length > 1) return usage('Say which recording: engawa recording open ID --identity FILE');
  if (!identity) return usage('Opening needs a private key: --identity FILE');
  if (!out && process.stdout.isTTY) return usage('Sound does not belong on a terminal: give --out FILE, or a pipe.');
  const opened = await work(recordingId, createIdentities(await readIdentities(identity)));
  for (const note of opened.notes) console.error(note);
  console.error(`${recordingId}: ${opened.state}, ${(opened.durationMs / 1000).toFixed(1)} s`);
  if (out) {
    const handle = await openFile(out, 'wx', 0o600);
    await handle.writeFile(opened.ogg);
    await handle.close();
  } else await new Promise<void>((resolve) => process.stdout.write(opened.ogg, () => resolve()));
  return 0;
}

async function list({ folder }: Flags): Promise<number> {
  const entries = await listRecordings(createFolderStorage({ folder }));
  if (entries.length === 0) console.error(`There are no recordings in ${folder}.`);
  for (const entry of entries) {
    const at = new Date(entry.startedAt).toISOString().slice(0, 19).replace('T', ' ');
    console.log(`${entry.recordingId}  ${at}  ${entry.state.padEnd(11)}  ${String(entry.bytes).padStart(10)} bytes`);
  }
  return 0;
}

async function verify(ids: string[], { folder, identity }: Flags): Promise<number> {
  const storage = createFolderStorage({ folder });
  const identities = identity ? createIdentities(await readIdentities(identity)) : undefined;
  const wanted = ids.length > 0 ? ids : (await listRecordings(storage)).map(({ recordingId }) => recordingId);
  let bad = 0;
  for (const recordingId of wanted) {
    const { ok, sentence } = await verifyRecording({ storage, recordingId, identities });
    console.log(`${recordingId}  ${ok ? 'good' : 'BAD '}  ${sentence}`);
    if (!ok) bad++;
  }
  return bad === 0 ? 0 : 1;
}

async function keygen({ out, 'post-quantum': postQuantum }: Flags): Promise<number> {
  if (!out) return usage('Say where the private key goes: engawa recording keygen --out FILE');
  const { recipient } = await writeNewIdentity(out, { postQuantum: postQuantum === true });
  console.log(recipient);
  console.error(`The private key is in ${out}. Keep it away from the server: with it, every recording opens.`);
  return 0;
}

function usage(sentence: string): number {
  console.error(sentence);
  return 2;
}
