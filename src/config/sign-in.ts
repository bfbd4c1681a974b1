// The section signIn: who needs a second factor, passwords, invitations, single sign-on.

import { type Static, Type } from 'typebox';
import { secondFactorDefaults } from '../identity/factors/second-factors.ts';
import { invitationHoursDefault } from '../identity/invitations.ts';
import { minimumCharactersDefault } from '../identity/password.ts';
import { section } from '../shared/yaml/yaml-schema.ts';
import { roles } from '../store/records.ts';

const Role = Type.Union(roles.map((role) => Type.Literal(role)));

const SecondFactor = section('Passkeys, authenticator apps and printed recovery codes. Whoever has one uses it.', {
  roles: Type.Array(Role, {
    default: [...secondFactorDefaults.roles],
    description: 'Roles that always need one.',
  }),
  outsideCentre: Type.Boolean({
    default: secondFactorDefaults.outsideCentre,
    description:
      'Needed by whoever is not registered to work in the centre, or signs in from none of its networks (policy.sites).',
  }),
  demo: Type.Boolean({ default: false, description: 'Needed in the demo, too.' }),
});

const ClaimValues = Type.Record(Type.String(), Type.String(), {
  description: 'From what the provider says to what it means here; what is not listed is the strictest.',
});

const Creation = section('People whom the provider knows and nobody here does are added by themselves.', {
  role: Type.Optional(
    section('Their role; agent unless a claim says otherwise.', { claim: Type.String(), values: ClaimValues }),
  ),
  place: Type.Optional(
    section('Where they are registered to work: centre or home; home unless a claim says otherwise.', {
      claim: Type.String(),
      values: ClaimValues,
    }),
  ),
  clearance: Type.Optional(
    section('Their class of personal information; the least unless a claim says otherwise.', {
      claim: Type.String(),
      values: ClaimValues,
    }),
  ),
  queues: Type.Optional(
    section('Queues that they serve; none unless a claim says otherwise.', {
      claim: Type.String(),
      values: ClaimValues,
    }),
  ),
});

export const SingleSignOn = section('OpenID Connect: people sign in at the company’s provider (docs/sign-in.md).', {
  issuer: Type.String({ pattern: '^https?://', description: 'Issuer, as its discovery document names it.' }),
  clientId: Type.String({ minLength: 1 }),
  clientSecret: Type.String({
    default: 'env:ENGAWA_OIDC_SECRET',
    description: 'env:NAME takes it from the environment, file:PATH from a file.',
  }),
  label: section('Text of the button.', {
    ja: Type.String({ default: '会社のアカウントでサインイン' }),
    en: Type.String({ default: 'Sign in with your company account' }),
  }),
  scopes: Type.Array(Type.String(), { default: ['openid', 'profile', 'email'] }),
  claim: Type.String({
    default: 'preferred_username',
    description: 'Its value is somebody’s login here, the first time; from then on the provider’s subject counts.',
  }),
  hosts: Type.Array(Type.String(), {
    default: [],
    description: 'Hosts besides the issuer’s that its discovery document may name, for tokens and keys.',
  }),
  secondFactor: section('What the provider proved may count as second factor. Nothing unless told.', {
    acr: Type.Array(Type.String(), { default: [], description: 'Values of the claim acr that count.' }),
    amr: Type.Array(Type.String(), {
      default: [],
      description: 'Values of the claim amr (RFC 8176): mfa, hwk, otp ….',
    }),
  }),
  create: Type.Optional(Creation),
  only: Type.Boolean({
    default: false,
    description: 'The page to sign in on shows nothing else. Passwords and passkeys that somebody has go on working.',
  }),
});

export const SignIn = section('How people prove who they are (docs/sign-in.md).', {
  secondFactor: SecondFactor,
  passwordCharacters: Type.Integer({
    default: minimumCharactersDefault,
    minimum: 12,
    maximum: 64,
    description: 'The shortest password. NIST SP 800-63B-4 wants 15 where a password may be all that is asked.',
  }),
  invitationHours: Type.Integer({
    default: invitationHoursDefault,
    minimum: 1,
    maximum: 336,
    description: 'How long the link of an invitation works.',
  }),
  firstFactorHours: Type.Integer({
    default: secondFactorDefaults.firstFactorHours,
    minimum: 0,
    maximum: 720,
    description:
      'How long after accepting it somebody at home may add the first second factor with the password alone; then an administrator invites again. In the centre always. 0: no limit.',
  }),
  singleSignOn: Type.Optional(SingleSignOn),
});

export type SignInConfig = Static<typeof SignIn>;
export type SingleSignOnConfig = Static<typeof SingleSignOn>;

/** What the schema cannot say. */
export function signInProblems({ http, signIn }: { http: { publicUrl?: string }; signIn: SignInConfig }): string[] {
  if (!signIn.singleSignOn) return [];
  const problems: string[] = [];
  if (!http.publicUrl)
    problems.push('signIn.singleSignOn needs http.publicUrl: the provider sends browsers back to an address of ours.');
  if (!signIn.singleSignOn.scopes.includes('openid'))
    problems.push('signIn.singleSignOn.scopes lacks openid, without which the provider names nobody.');
  return problems;
}
