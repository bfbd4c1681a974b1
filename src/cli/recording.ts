// engawa recording: open, list and verify sealed recordings, and make key pairs. Works on the folder alone, without the
// database and without a running server, so that a backup can be opened as well.

import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { readIdentities, writeNewIdentity } from '../recording/identity.ts';
import { listRecordings, verifyRecording } from '../recording/inventory.ts';
import { createIdentities } from '../recording/open-parts.ts';
import { openRecording } from '../recording/open-recording.ts';
import { createFolderStorage } from '../recording/storage.ts';
import { asError } from '../shared/errors.ts';
import { projectRoot } from '../shared/paths.ts';

const help = `Usage: engawa recording COMMAND [OPTIONS]

  open ID --identity FILE [--out FILE]   Open a recording, also one that a crash left in parts, as Ogg Opus
  list                                   What is in the folder, newest first
  verify [ID …] [--identity FILE]        Check that files are whole; with a private key, everything in them
  keygen --out FILE                      Make a key pair; the public key is printed, for recording.recipients

  --folder FOLDER   Where recordings are (default data/recordings)
  --config FILE     Take the folder from this configuration
  --identity FILE   Private keys, as age-keygen or "keygen" makes them

Without --out, "open" writes to standard output:  engawa recording open r_… --identity key.txt | ffplay -
`;

interface Flags {
  folder: string;
  identity?: string;
  out?: string;
}

export async function run(argv: string[]): Promise<number> {
  const parsed = parse(argv);
  if ('because' in parsed) {
    console.error(`${parsed.because}\n\n${help}`);
    return 2;
  }
  const { command, ids, flags } = parsed;
  try {
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
        help: { type: 'boolean', short: 'h' },
      },
    });
    const [command = 'help', ...ids] = positionals;
    const folder = values.folder ?? (values.config ? folderOf(values.config) : join(projectRoot, 'data', 'recordings'));
    return { command: values.help ? 'help' : command, ids, flags: { ...values, folder } };
  } catch (thrown) {
    return { because: asError(thrown).message };
  }
}

function folderOf(configFile: string): string {
  const { config } = loadConfig(configFile);
  return config.recording.folder ?? join(config.dataFolder, 'recordings');
}

async function open(ids: string[], { folder, identity, out }: Flags): Promise<number> {
  const [recordingId] = ids;
  if (!recordingId || ids.length > 1) return usage('Say which recording: engawa recording open ID --identity FILE');
  if (!identity) return usage('Opening needs a private key: --identity FILE');
  if (!out && process.stdout.isTTY) return usage('Sound does not belong on a terminal: give --out FILE, or a pipe.');
  const identities = createIdentities(await readIdentities(identity));
  const opened = await openRecording({ storage: createFolderStorage({ folder }), recordingId, identities });
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
  for (const entry of await listRecordings(createFolderStorage({ folder }))) {
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

async function keygen({ out }: Flags): Promise<number> {
  if (!out) return usage('Say where the private key goes: engawa recording keygen --out FILE');
  const { recipient } = await writeNewIdentity(out);
  console.log(recipient);
  console.error(`The private key is in ${out}. Keep it away from the server: with it, every recording opens.`);
  return 0;
}

function usage(sentence: string): number {
  console.error(sentence);
  return 2;
}
