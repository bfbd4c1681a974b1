// A NUL in a text: no person types one, PostgreSQL takes none, and programs in C end a text there. Whoever sends one is told so, before a
// route sees it.

import { HttpProblem } from '../errors.ts';
import type { App } from '../server.ts';

export function refuseNul(app: App): void {
  app.addHook('preValidation', async (request) => {
    if (/%00/.test(request.url) || hasNul(request.body)) throw new HttpProblem(400, 'There is a NUL in a text.');
  });
}

/** In any text of it, names of fields included. How deep it may be, the body's size says. */
export function hasNul(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'string') {
      if (one.includes('\0')) return true;
    } else if (Array.isArray(one)) {
      for (const each of one) open.push(each);
    } else if (one !== null && typeof one === 'object' && !Buffer.isBuffer(one)) {
      for (const [name, each] of Object.entries(one)) {
        if (name.includes('\0')) return true;
        open.push(each);
      }
    }
  }
  return false;
}
