// The C library's socket calls (socket(7), epoll(7)), bound with koffi. Only what libc-socket.ts needs, and only where the
// numbers below hold: Linux on x64 and arm64. All calls return at once; none keeps a pointer after it has returned.

import { createRequire } from 'node:module';

/** Each gives -1 when it failed. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, into: Uint8Array, length: Int32Array): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array, length: number): number;
  recvfrom(fd: number, into: Uint8Array, size: number, flags: number, from: Uint8Array, length: Int32Array): number;
  sendto(fd: number, packet: Uint8Array, size: number, flags: number, to: Uint8Array, length: number): number;
  close(fd: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Uint8Array): number;
  epoll_wait(epoll: number, events: Uint8Array, count: number, timeoutMs: number): number;
}

export const linux = {
  datagramCloseOnExec: 0x80002,
  closeOnExec: 0x80000,
  dontWait: 0x40,
  socketLevel: 1,
  receiveBuffer: 8,
  epollAdd: 1,
  epollIn: 1,
  /** struct epoll_event is packed on x64 and nowhere else. */
  eventBytes: process.arch === 'x64' ? 12 : 16,
  eventDataAt: process.arch === 'x64' ? 4 : 8,
} as const;

const prototypes: Readonly<Record<keyof Libc, string>> = {
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void *, uint32_t)',
  getsockname: 'int getsockname(int, void *, void *)',
  setsockopt: 'int setsockopt(int, int, int, const void *, uint32_t)',
  recvfrom: 'intptr_t recvfrom(int, void *, size_t, int, void *, void *)',
  sendto: 'intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)',
  close: 'int close(int)',
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, void *)',
  epoll_wait: 'int epoll_wait(int, void *, int, int)',
};

/** The calls, or why there are none. */
export function loadLibc(): Libc | string {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    return `not known for ${process.platform} on ${process.arch}`;
  }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    // The process itself has the C library loaded, whichever it is.
    const library = koffi.load(null);
    return Object.fromEntries(
      Object.entries(prototypes).map(([name, prototype]) => [name, library.func(prototype)]),
    ) as unknown as Libc;
  } catch (error) {
    return `koffi is not there: ${error instanceof Error ? error.message : String(error)}`;
  }
}
