// The bodies about proving who one is: stepping up, second factors, invitations, single sign-on.

import { type Static, Type } from 'typebox';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });

/** What the WebAuthn API of the browser takes and gives, as JSON (WebAuthn Level 3 §5.1.8 and §5.1.9). */
const WebAuthnJson = Type.Object({}, { additionalProperties: true, description: 'As JSON of WebAuthn Level 3.' });

/** GET /api/v1/session/step-up: how this person proves again to be there. */
export const StepUpWays = Type.Object({
  ways: Type.Array(literals('passkey', 'totp', 'password'), {
    description: 'The best first. Whoever has a second factor uses it; a password alone then does not do.',
  }),
  passkeyOptions: Type.Optional(WebAuthnJson),
  steppedUpUntil: Type.Union([Type.Integer(), Type.Null()]),
});

/** POST /api/v1/session/step-up */
export const StepUp = Type.Union([
  Type.Object({ password: Type.String({ minLength: 1, maxLength: 1024 }) }),
  Type.Object({ code: Type.String({ minLength: 6, maxLength: 16 }) }),
  Type.Object({ passkey: WebAuthnJson }),
]);

export const SteppedUp = Type.Object({ steppedUpUntil: Type.Integer() });

export type StepUpWays = Static<typeof StepUpWays>;
export type StepUp = Static<typeof StepUp>;
export type SteppedUp = Static<typeof SteppedUp>;
