// A disk so small that it can be filled: a tmpfs of its own, which needs root.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { run } from './opened-audio.ts';

export interface SmallDisk {
  folder: string;
  /** Takes all the room that is left. */
  fill(): void;
  makeRoom(): void;
}

/** Why there can be none; false when there can. */
export const noSmallDisk = process.getuid?.() === 0 ? false : 'only root may mount a disk to fill';

export function mountSmallDisk(t: Test, kibibytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'engawa-small-disk-'));
  const { status, stderr } = run('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', folder]);
  if (status !== 0) throw new Error(`no small disk: ${stderr}`);
  t.teardown(() => {
    run('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const filler = join(folder, 'filler');
  return {
    folder,
    fill() {
      for (let piece = 64 * 1024; piece >= 1024; piece /= 2) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(piece), { flag: 'a' });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    },
    makeRoom: () => rmSync(filler, { force: true }),
  };
}
