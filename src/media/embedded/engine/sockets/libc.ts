// The C library's socket calls (socket(7), epoll(7)), bound with koffi. Only what libc-socket.ts needs, and only where the
// numbers below hold: Linux on x64 and arm64. All calls return at once; none keeps a pointer after it has returned.
// What is called for each packet takes addresses as numbers: to find out where a typed array is costs more than the call does.

import { type Address, loadNative } from '../native.ts';

/** Each gives -1 when it failed. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  getsockname(fd: number, into: Uint8Array, length: Int32Array): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array, length: number): number;
  recvfrom(fd: number, into: Address, size: number, flags: number, from: Address, length: Address): number;
  sendto(fd: number, packet: Address, size: number, flags: number, to: Address, length: number): number;
  close(fd: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Uint8Array): number;
  epoll_wait(epoll: number, events: Address, count: number, timeoutMs: number): number;
  /** Of memory that does not move: a typed array over an ArrayBuffer of its own. */
  addressOf(memory: Uint8Array): Address;
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

const prototypes: Readonly<Record<Exclude<keyof Libc, 'addressOf'>, string>> = {
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void *, uint32_t)',
  getsockname: 'int getsockname(int, void *, void *)',
  setsockopt: 'int setsockopt(int, int, int, const void *, uint32_t)',
  recvfrom: 'intptr_t recvfrom(int, uintptr_t, size_t, int, uintptr_t, uintptr_t)',
  sendto: 'intptr_t sendto(int, uintptr_t, size_t, int, uintptr_t, uint32_t)',
  close: 'int close(int)',
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, void *)',
  epoll_wait: 'int epoll_wait(int, uintptr_t, int, int)',
};

/** The calls, or why there are none. */
export function loadLibc(): Libc | string {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    return `not known for ${process.platform} on ${process.arch}`;
  }
  try {
    const { func, addressOf } = loadNative();
    const call = (name: keyof typeof prototypes) => func(prototypes[name]) as never;
    // Written out: an object that is put together from a list has no shape, and each look into it is a search.
    return {
      socket: call('socket'),
      bind: call('bind'),
      getsockname: call('getsockname'),
      setsockopt: call('setsockopt'),
      recvfrom: call('recvfrom'),
      sendto: call('sendto'),
      close: call('close'),
      epoll_create1: call('epoll_create1'),
      epoll_ctl: call('epoll_ctl'),
      epoll_wait: call('epoll_wait'),
      addressOf,
    };
  } catch (error) {
    return `koffi is not there: ${error instanceof Error ? error.message : String(error)}`;
  }
}
