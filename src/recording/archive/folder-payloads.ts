// Payloads in a folder, beside the files that recordings are while they are made. Sees sealed bytes only.
//   NAME.opus.age.payload        behind the header of NAME.opus.age
//   NAME.opus.age.payload.new    on its way

import type { Readable } from 'node:stream';
import { AppError, asError } from '../../shared/errors.ts';
import { createFolderStorage } from '../storage.ts';
import type { ByteRange } from './archive.ts';
import type { PayloadSource, PayloadStore } from './payload-store.ts';

export function createFolderPayloads({ folder }: { folder: string }): PayloadStore {
  const storage = createFolderStorage({ folder });
  let trouble: string | undefined;

  async function write(key: string, source: PayloadSource): Promise<void> {
    const draft = `${key}.new`;
    const file = await storage.create(draft);
    try {
      let position = 0;
      if (source.bytes > 0)
        for await (const piece of source.read({ from: 0, to: source.bytes - 1 })) {
          await file.writeAt(piece as Buffer, position);
          position += (piece as Buffer).length;
        }
      if (position !== source.bytes) throw new AppError('internal', `${key} has ${position} of ${source.bytes} bytes.`);
      await file.sync();
    } finally {
      await file.close();
    }
    await storage.rename(draft, key);
  }

  const info = async (key: string) => {
    try {
      return { bytes: (await storage.info(key)).bytes };
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw unavailable(thrown);
    }
  };

  return {
    kind: 'folder',
    async put(key, source) {
      try {
        if ((await info(key))?.bytes !== source.bytes) await write(key, source);
        trouble = undefined;
      } catch (thrown) {
        trouble = `A finished recording cannot be put into its folder (${asError(thrown).message}); it waits where it was made.`;
        throw thrown;
      }
    },
    async open(key: string, range?: ByteRange): Promise<Readable> {
      if (!(await info(key))) throw new AppError('not-found', `${key} is not in the recordings folder.`);
      return storage.stream(key, range);
    },
    info,
    async remove(key) {
      await storage.remove([key, `${key}.new`]);
      return 'removed';
    },
    async *keys() {
      for (const name of await storage.listAll()) if (name.endsWith('.payload')) yield name;
    },
    health: () => (trouble ? { ok: false, because: trouble } : { ok: true }),
    close: async () => {},
  };
}

function unavailable(thrown: unknown): AppError {
  return new AppError('storage-unavailable', 'The recordings folder cannot be read: look at the disk.', {
    cause: asError(thrown),
  });
}
