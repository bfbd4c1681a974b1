-- Devices that people come in from, and who let them in; what a session has shown of where it is used; why somebody was blocked; the
-- pledges of who works from home, each with the text that was signed. Only public keys, and no address but that of a session.

CREATE TABLE devices (
  id           text COLLATE "C" PRIMARY KEY,
  state        text NOT NULL CHECK (state IN ('requested', 'enrolled', 'managed', 'declined', 'revoked')),
  name         text NOT NULL,
  person_id    text COLLATE "C" REFERENCES people (id),
  public_key   jsonb,
  key_hash     text UNIQUE,
  certificate  text,
  platform_key jsonb,
  system       text NOT NULL,
  requested_at bigint NOT NULL,
  requested_by text COLLATE "C",
  enrolled_at  bigint,
  enrolled_by  text COLLATE "C",
  ended_at     bigint,
  ended_by     text COLLATE "C",
  why          text,
  seen_at      bigint,
  seen_by      text COLLATE "C"
);
CREATE INDEX devices_person ON devices (person_id);
CREATE UNIQUE INDEX devices_certificate ON devices (certificate) WHERE state IN ('enrolled', 'managed');

CREATE TABLE device_codes (
  code_hash  text PRIMARY KEY,
  person_id  text COLLATE "C" REFERENCES people (id),
  state      text NOT NULL CHECK (state IN ('enrolled', 'managed')),
  shared     boolean NOT NULL,
  made_by    text COLLATE "C" NOT NULL,
  made_at    bigint NOT NULL,
  expires_at bigint NOT NULL
);

CREATE TABLE device_challenges (
  challenge  text PRIMARY KEY,
  session_id text COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  expires_at bigint NOT NULL
);
CREATE INDEX device_challenges_session ON device_challenges (session_id);

CREATE TABLE session_standings (
  session_id text COLLATE "C" PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
  device_id  text COLLATE "C",
  proven_at  bigint,
  seen       jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX sessions_device ON sessions (device_id) WHERE device_id IS NOT NULL;

CREATE TABLE device_blocks (
  reference  text PRIMARY KEY,
  token_hash text NOT NULL,
  person_id  text COLLATE "C" NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  device_id  text COLLATE "C",
  kind       text NOT NULL CHECK (kind IN ('blocked', 'revoked')),
  because    jsonb NOT NULL,
  at         bigint NOT NULL
);
CREATE INDEX device_blocks_token ON device_blocks (token_hash);
CREATE INDEX device_blocks_at ON device_blocks (at);

CREATE TABLE pledge_texts (
  hash     text PRIMARY KEY,
  number   text NOT NULL,
  language text NOT NULL,
  text     text NOT NULL,
  kept_at  bigint NOT NULL
);

CREATE TABLE pledges (
  id         text COLLATE "C" PRIMARY KEY,
  person_id  text COLLATE "C" NOT NULL REFERENCES people (id),
  number     text NOT NULL,
  hash       text NOT NULL REFERENCES pledge_texts (hash),
  language   text NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  device_id  text COLLATE "C",
  signed_at  bigint NOT NULL
);
CREATE INDEX pledges_person ON pledges (person_id, signed_at);
