// Functions that this process has loaded already, bound with koffi: those of the C library, and of the OpenSSL that Node.js carries.
// koffi is an optional dependency, and OpenSSL's functions are known here for its version 3: who asks has something to fall back on.

import { createRequire } from 'node:module';
import type { LibraryHandle } from 'koffi';

/** Where something is in memory; 0 is nowhere. Whoever uses it keeps alive what is there. */
export type Address = number;

export interface Native {
  /** By its prototype in C. */
  func(prototype: string): ReturnType<LibraryHandle['func']>;
  /** Of memory that does not move: a typed array over an ArrayBuffer of its own. */
  addressOf(memory: Uint8Array): Address;
  /** A function of ours that C may call, on this thread, for as long as this process lives. */
  callback(prototype: string, run: (...given: number[]) => number): Address;
}

/** Throws where koffi is not there. */
export function loadNative(): Native {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  return {
    func: (prototype) => library.func(prototype),
    addressOf: (memory) => Number(koffi.address(memory)),
    callback: (prototype, run) => Number(koffi.address(koffi.register(run, koffi.pointer(koffi.proto(prototype))))),
  };
}

/** What `use` makes of OpenSSL's functions, or why there are none. */
export function withOpenssl<T>(use: (native: Native) => T): T | string {
  const version = process.versions.openssl ?? 'none';
  if (process.platform === 'win32') return 'not known for Windows';
  if (Number.parseInt(version, 10) !== 3) return `not OpenSSL 3 but ${version}`;
  try {
    return use(loadNative());
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
