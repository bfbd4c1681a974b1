// What the operating system refused, as a sentence that says what to do. AppErrors say so by themselves.

import { asError } from '../shared/errors.ts';

type SystemError = Error & { code?: string; syscall?: string; address?: string; port?: number; path?: string };

const aboutPorts: Record<string, string> = {
  EADDRINUSE: 'is taken by another program. Stop it (is Engawa running already?) or choose another port.',
  EADDRNOTAVAIL: 'cannot be used: this machine does not have that address.',
  EACCES: 'needs a right that this user does not have. Choose a port above 1023.',
};

const aboutFiles: Record<string, string> = {
  ENOENT: 'is not there.',
  ENOTDIR: 'cannot be there: a part of the path is not a folder.',
  EISDIR: 'is a folder, not a file.',
  EACCES: 'may not be used by this user. Change its owner or rights, or choose another place.',
  EPERM: 'may not be used by this user. Change its owner or rights, or choose another place.',
  EROFS: 'is on a disk that is mounted read-only.',
  ENOSPC: 'cannot be written: the disk is full.',
};

export function explain(thrown: unknown): string {
  const { message, code = '', syscall, address, port, path } = asError(thrown) as SystemError;
  if ((syscall === 'bind' || syscall === 'listen') && code in aboutPorts)
    return `${address ?? ''}:${port ?? ''} ${aboutPorts[code]}`;
  if (syscall === 'mkdir' && code === 'ENOENT') return `${path} cannot be made there. Choose another place.`;
  if (path !== undefined && code in aboutFiles) return `${path} ${aboutFiles[code]}`;
  return message;
}
