// Bodies of the routes that show a customer's number. The only answers of the API that hold one.

import { type Static, Type } from 'typebox';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });

export const RevealView = Type.Object({
  mayReveal: Type.Boolean({ description: 'Whether this person may, as `reveal.roles` says.' }),
  place: literals('centre', 'home', 'unknown'),
  purposes: Type.Array(
    Type.Object({
      name: Type.String(),
      label: Type.Object({ ja: Type.String(), en: Type.String() }),
      note: Type.Boolean(),
    }),
  ),
});
export type RevealView = Static<typeof RevealView>;

export const AskToReveal = Type.Object({
  purpose: Type.String({ maxLength: 32, description: 'One of the purposes of GET /number-reveals.' }),
  note: Type.Optional(Type.String({ maxLength: 300, description: 'More about it, for the audit log.' })),
});

export const RevealedNumber = Type.Object({
  alias: Type.String(),
  number: Type.String({ description: 'As the company’s country writes it, such as 090-1234-5678.' }),
  shownSeconds: Type.Integer({ description: 'After that a page forgets it.' }),
});
export type RevealedNumber = Static<typeof RevealedNumber>;
