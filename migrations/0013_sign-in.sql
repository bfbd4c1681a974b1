-- Proving who one is: passkeys, TOTP, recovery codes, invitations, the half-open state between password and second factor, what
-- may be used only once, and who is who at a single sign-on provider.

CREATE TABLE passkeys (
  id           text PRIMARY KEY,
  person_id    text COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  name         text NOT NULL,
  public_key   bytea NOT NULL,
  sign_count   bigint NOT NULL,
  transports   text[] NOT NULL,
  backed_up    boolean NOT NULL,
  created_at   bigint NOT NULL,
  last_used_at bigint
);
CREATE INDEX passkeys_person ON passkeys (person_id);

-- The secret is sealed under a key of the program. `last_step`: the newest time step (RFC 6238) that was used, so that no code counts twice.
CREATE TABLE totp_secrets (
  person_id    text COLLATE "C" PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
  sealed       text NOT NULL,
  created_at   bigint NOT NULL,
  confirmed_at bigint,
  last_step    bigint NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
  person_id  text COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  code_hash  text NOT NULL,
  created_at bigint NOT NULL,
  used_at    bigint,
  PRIMARY KEY (person_id, code_hash)
);

CREATE TABLE invitations (
  id         text COLLATE "C" PRIMARY KEY,
  person_id  text COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  token_hash text NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at   bigint,
  ended      text CHECK (ended IN ('accepted', 'replaced', 'revoked'))
);
CREATE INDEX invitations_person ON invitations (person_id);

CREATE TABLE half_open_sign_ins (
  token_hash text PRIMARY KEY,
  person_id  text COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  expires_at bigint NOT NULL,
  signed_on  text
);

CREATE TABLE used_once (
  what       text PRIMARY KEY,
  expires_at bigint NOT NULL
);

CREATE TABLE signed_on_people (
  issuer    text NOT NULL,
  subject   text NOT NULL,
  person_id text COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  linked_at bigint NOT NULL,
  PRIMARY KEY (issuer, subject),
  UNIQUE (issuer, person_id)
);

-- `signed_on`: the session began at the provider: sealed, what is needed to end it there, too.
ALTER TABLE sessions
  ADD COLUMN provider_sid text,
  ADD COLUMN signed_on    text;
CREATE INDEX sessions_provider ON sessions (provider_sid) WHERE provider_sid IS NOT NULL;
