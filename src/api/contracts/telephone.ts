// The bodies of the REST contract about own telephones. A number goes in once, from an administrator, and never comes out.

import { type Static, Type } from 'typebox';

export const DeviceSchema = Type.Unsafe<'browser' | 'telephone'>({ type: 'string', enum: ['browser', 'telephone'] });

/** GET and PUT /api/v1/desk/device */
export const DeviceView = Type.Object({
  device: Type.Unsafe<'browser' | 'telephone'>({
    ...DeviceSchema,
    description: 'Where calls are taken now; the policy may say another than was chosen.',
  }),
  telephone: Type.Object({
    usable: Type.Boolean({ description: 'A number is known and this person may work with it.' }),
    allowed: Type.Boolean(),
    masked: Type.Union([Type.String(), Type.Null()], {
      description: 'The last two digits; null when no number is known.',
    }),
  }),
});
export const ChooseDevice = Type.Object({ device: DeviceSchema });

/** GET and PUT /api/v1/users/{id}/telephone */
export const TelephoneView = Type.Object({
  allowed: Type.Boolean(),
  masked: Type.Union([Type.String(), Type.Null()]),
  device: DeviceSchema,
});
export const ChangeTelephone = Type.Partial(
  Type.Object({
    number: Type.Union([Type.String({ minLength: 1, maxLength: 32 }), Type.Null()], {
      description: 'As one dials it; null removes it. It is sealed, and no answer holds it.',
    }),
    allowed: Type.Boolean({ description: 'Whether this person may work by telephone; true unless told.' }),
  }),
);

/** POST /api/v1/calls/{id}/move */
export const MoveCall = Type.Object({ to: DeviceSchema });

export type DeviceView = Static<typeof DeviceView>;
