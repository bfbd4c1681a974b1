// What a browser is made to forget. On signing out: all that was kept for the session; the language and the key of this computer, which
// say nothing of anybody, stay. When the computer was revoked: everything.

import { forgetShift } from '../phone/session-flag.ts';

export async function forgetSession(): Promise<void> {
  forgetShift();
  sessionStorage.clear();
  await forgetCaches();
}

export async function forgetEverything(): Promise<void> {
  await forgetSession();
  localStorage.clear();
  const known = (await indexedDB.databases?.()) ?? [{ name: 'engawa-device' }];
  for (const { name } of known) if (name) indexedDB.deleteDatabase(name);
}

async function forgetCaches(): Promise<void> {
  if (!('caches' in window)) return;
  for (const name of await caches.keys()) await caches.delete(name);
}
