// Lists page by `cursor`: the id after which to go on. A page asks for one more than it shows, to know whether there is more.

import { Type } from 'typebox';

export const PageQuery = {
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
};

const defaultPageSize = 50;

/** How far a page of somebody who is limited looks for what is covered before it says how to go on. */
const mostLookedAt = 2000;

/** A page of what `covers` lets through; without it, of all. A page may be shorter than asked for, even empty, and go on. */
export async function coveredPage<Row extends { id: string }, View>(
  {
    limit,
    cursor,
    covers,
  }: {
    limit: number | undefined;
    cursor: string | undefined;
    covers: ((row: Row) => Promise<boolean> | boolean) | undefined;
  },
  read: (limit: number, cursor: string | undefined) => Promise<Row[]>,
  view: (row: Row) => View,
): Promise<{ items: View[]; nextCursor: string | null }> {
  if (!covers) return page(limit, (size) => read(size, cursor), view);
  const size = limit ?? defaultPageSize;
  const found: Row[] = [];
  let after = cursor;
  for (let lookedAt = 0; lookedAt < mostLookedAt; lookedAt += 200) {
    const rows = await read(200, after);
    for (const row of rows) {
      if (!(await covers(row))) continue;
      if (found.length === size) return { items: found.map(view), nextCursor: found.at(-1)!.id };
      found.push(row);
    }
    if (rows.length < 200) return { items: found.map(view), nextCursor: null };
    after = rows.at(-1)!.id;
  }
  return { items: found.map(view), nextCursor: after ?? null };
}

export async function page<Row extends { id: string }, View>(
  limit: number | undefined,
  read: (limit: number) => Promise<Row[]>,
  view: (row: Row) => View,
): Promise<{ items: View[]; nextCursor: string | null }> {
  const size = limit ?? defaultPageSize;
  const rows = await read(size + 1);
  const shown = rows.slice(0, size);
  return { items: shown.map(view), nextCursor: rows.length > size ? shown.at(-1)!.id : null };
}
