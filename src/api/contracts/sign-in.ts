// The bodies about proving who one is: signing in, second factors, stepping up, invitations, single sign-on.

import { type Static, Type } from 'typebox';
import { PersonView, SessionView } from '../contract.ts';

const literals = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const LocalizedText = Type.Object({ ja: Type.String(), en: Type.String() });

/** What the WebAuthn API of the browser takes and gives, as JSON (WebAuthn Level 3 §5.1.8 and §5.1.9). */
export const WebAuthnJson = Type.Unsafe<object>({
  type: 'object',
  additionalProperties: true,
  description: 'As JSON of WebAuthn Level 3.',
});

const Password = Type.String({ minLength: 1, maxLength: 1024 });
const Code = Type.String({ pattern: '^\\d{6}$', description: 'Of an authenticator app (RFC 6238).' });
const RecoveryCode = Type.String({ minLength: 10, maxLength: 64, description: 'One of those that were printed.' });
const PasskeyName = Type.String({ minLength: 1, maxLength: 64 });
const Factor = literals('passkey', 'totp', 'recovery-code');

/** GET /api/v1/sign-in: what the page to sign in on offers. */
export const SignInOffer = Type.Object({
  passkeys: Type.Boolean({ description: 'Whether passkeys can be used under the address of these pages.' }),
  singleSignOn: Type.Union([Type.Object({ label: LocalizedText, only: Type.Boolean() }), Type.Null()]),
  demo: Type.Boolean(),
});

/** DELETE /api/v1/session of a session that began at the provider. */
export const SignedOut = Type.Object({ url: Type.String() });

/** The answer to a right password where a second factor comes next: there is no session yet, and nothing opens. */
export const HalfOpenView = Type.Object({
  next: literals('prove', 'enrol'),
  factors: Type.Array(Factor, { description: 'What this person can prove it with, the best first.' }),
  person: Type.Object({ login: Type.String(), displayName: Type.String(), language: literals('ja', 'en') }),
  expiresAt: Type.Integer(),
});

export const FactorProofBody = Type.Union([
  Type.Object({ code: Code }),
  Type.Object({ recoveryCode: RecoveryCode }),
  Type.Object({ passkey: WebAuthnJson }),
]);

export const PasskeyAnswer = Type.Object({ passkey: WebAuthnJson });
export const NewPasskey = Type.Object({ name: PasskeyName, passkey: WebAuthnJson });
export const PasskeyChange = Type.Object({ name: PasskeyName });
export const TotpConfirmation = Type.Object({ code: Code });
export const TotpStart = Type.Object({
  secret: Type.String({ description: 'Base32, for typing.' }),
  uri: Type.String({ description: 'otpauth://totp/…, for a QR code.' }),
});

/** The session that begins, and, with a person's first factor, codes to print: they are shown now and never again. */
export const EnrolledSession = Type.Object({
  session: SessionView,
  recoveryCodes: Type.Optional(Type.Array(Type.String())),
});
export const Enrolled = Type.Object({ recoveryCodes: Type.Optional(Type.Array(Type.String())) });

/** GET /api/v1/security: what somebody proves the own identity with. */
export const SecurityView = Type.Object({
  passwordSet: Type.Boolean(),
  minimumPasswordCharacters: Type.Integer(),
  passkeysPossible: Type.Boolean(),
  passkeys: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      createdAt: Type.Integer(),
      lastUsedAt: Type.Union([Type.Integer(), Type.Null()]),
      backedUp: Type.Boolean({ description: 'Kept by a password manager, and so on several devices.' }),
    }),
  ),
  totpSince: Type.Union([Type.Integer(), Type.Null()]),
  recoveryCodesLeft: Type.Integer(),
  required: Type.Boolean({ description: 'This person needs a second factor: the last one cannot be removed.' }),
});
export const RecoveryCodesView = Type.Object({ recoveryCodes: Type.Array(Type.String()) });
export const PasswordChange = Type.Object({ old: Password, new: Password });

/** GET /api/v1/session/step-up: how this person proves again to be there. */
export const StepUpWays = Type.Object({
  ways: Type.Array(literals('passkey', 'totp', 'password', 'single-sign-on'), {
    description: 'The best first. Whoever has a second factor uses it; a password alone then does not do.',
  }),
  passkeyOptions: Type.Optional(WebAuthnJson),
  steppedUpUntil: Type.Union([Type.Integer(), Type.Null()]),
});

/** POST /api/v1/session/step-up */
export const StepUp = Type.Union([
  Type.Object({ password: Password }),
  Type.Object({ code: Code }),
  Type.Object({ passkey: WebAuthnJson }),
]);
export const SteppedUp = Type.Object({ steppedUpUntil: Type.Integer() });

const Token = Type.String({ pattern: '^[\\w-]{43}$' });
export const OpenInvitation = Type.Object({ token: Token });
export const InvitedPerson = Type.Object({
  login: Type.String(),
  displayName: Type.String(),
  language: literals('ja', 'en'),
  company: Type.String(),
  minimumPasswordCharacters: Type.Integer(),
});
export const AcceptInvitation = Type.Object({ token: Token, password: Password });

/** What an administrator hands to the person who is invited. */
export const InvitationView = Type.Object({
  link: Type.String({ description: 'Works once, until then. In this answer and nowhere else.' }),
  expiresAt: Type.Integer(),
});
/** The answer to adding a person. */
export const AddedPerson = Type.Object({ ...PersonView.properties, invitation: Type.Optional(InvitationView) });
export const InvitationState = Type.Object({
  createdAt: Type.Integer(),
  expiresAt: Type.Integer(),
  state: literals('open', 'accepted', 'replaced', 'revoked', 'expired'),
});

export type SignInOffer = Static<typeof SignInOffer>;
export type HalfOpenView = Static<typeof HalfOpenView>;
export type FactorProofBody = Static<typeof FactorProofBody>;
export type TotpStart = Static<typeof TotpStart>;
export type EnrolledSession = Static<typeof EnrolledSession>;
export type Enrolled = Static<typeof Enrolled>;
export type SecurityView = Static<typeof SecurityView>;
export type RecoveryCodesView = Static<typeof RecoveryCodesView>;
export type StepUpWays = Static<typeof StepUpWays>;
export type StepUp = Static<typeof StepUp>;
export type SteppedUp = Static<typeof SteppedUp>;
export type InvitedPerson = Static<typeof InvitedPerson>;
export type InvitationView = Static<typeof InvitationView>;
export type InvitationState = Static<typeof InvitationState>;
