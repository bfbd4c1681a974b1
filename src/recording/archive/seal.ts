// One hash for all there is of a finished recording: what the audit log keeps of it, and what it is compared with later.
// Pure. Says nothing about what was said.

import { createHash } from 'node:crypto';
import type { RecordingFileRow } from '../../store/recording-files.ts';

/** Version, then a line per file: name, hash of its header, hash and length of its payload. SHA-256 of that, hex. */
export function sealOf(
  files: readonly Pick<RecordingFileRow, 'name' | 'headerSha256' | 'payloadSha256' | 'payloadBytes'>[],
): string {
  const lines = files.map((file) =>
    [file.name, file.headerSha256, file.payloadSha256, String(file.payloadBytes)].join(' '),
  );
  return createHash('sha256')
    .update(['engawa-recording-v1', ...lines.sort()].join('\n'))
    .digest('hex');
}

/** What the audit log is told. With one file, as after every call that ended, its hashes besides. */
export function sealDetails(files: readonly RecordingFileRow[]): Record<string, string | number> {
  const [only] = files;
  const bytes = files.reduce((sum, file) => sum + file.headerBytes + file.payloadBytes, 0);
  const details = { seal: sealOf(files), files: files.length, bytes };
  if (!only || files.length > 1) return details;
  return { ...details, headerSha256: only.headerSha256, payloadSha256: only.payloadSha256 };
}
