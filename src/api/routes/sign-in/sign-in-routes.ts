// Everything about coming in, besides a password: second factors, the own security, invitations, single sign-on.

import type { ApiLimits, ApiNeeds } from '../../needs.ts';
import type { App } from '../../server.ts';
import { invitationRoutes } from './invitation-routes.ts';
import { secondFactorRoutes } from './second-factor-routes.ts';
import { securityRoutes } from './security-routes.ts';
import type { SignInNeeds, SigningIn } from './signing-in.ts';
import { singleSignOnRoutes } from './single-sign-on-routes.ts';

export function signInRoutes(
  app: App,
  needs: ApiNeeds & { limits: ApiLimits; signIn: SignInNeeds },
  signingIn: SigningIn,
): void {
  secondFactorRoutes(app, needs, signingIn);
  securityRoutes(app, needs);
  invitationRoutes(app, needs, signingIn);
  const { singleSignOn } = needs.signIn;
  if (singleSignOn) singleSignOnRoutes(app, { ...needs, signIn: { ...needs.signIn, singleSignOn } }, signingIn);
}
