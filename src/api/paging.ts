// Lists page by `cursor`: the id after which to go on. A page asks for one more than it shows, to know whether there is more.

import { Type } from 'typebox';

export const PageQuery = {
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
};

const defaultPageSize = 50;

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
