-- People, sessions, keys, the append-only event log, call records made from it, recordings, and the number vault.
-- Ids are a prefix and a UUIDv7 in hexadecimal, so the "C" collation sorts them by time. Times are epoch milliseconds.

CREATE TABLE people (
  id            text COLLATE "C" PRIMARY KEY,
  login         text NOT NULL UNIQUE,
  display_name  text NOT NULL,
  role          text NOT NULL CHECK (role IN ('agent', 'supervisor', 'administrator', 'integrator')),
  place         text NOT NULL CHECK (place IN ('centre', 'home', 'unknown')),
  clearance     text NOT NULL CHECK (clearance IN ('none', 'personal', 'sensitive')),
  queues        text[] NOT NULL DEFAULT '{}',
  language      text NOT NULL CHECK (language IN ('ja', 'en')),
  disabled      boolean NOT NULL DEFAULT false,
  password_hash text NOT NULL,
  created_at    bigint NOT NULL
);

CREATE TABLE sessions (
  id         text COLLATE "C" PRIMARY KEY,
  person_id  text COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  token_hash text NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  seen_at    bigint NOT NULL,
  expires_at bigint NOT NULL,
  address    text NOT NULL,
  user_agent text NOT NULL
);
CREATE INDEX sessions_person ON sessions (person_id);

CREATE TABLE api_keys (
  id         text COLLATE "C" PRIMARY KEY,
  name       text NOT NULL,
  key_hash   text NOT NULL UNIQUE,
  role       text NOT NULL CHECK (role IN ('agent', 'supervisor', 'administrator', 'integrator')),
  created_at bigint NOT NULL,
  revoked_at bigint
);

-- One row per thing that happened. `fields` is the event without id, at and type.
CREATE TABLE events (
  id        text COLLATE "C" PRIMARY KEY,
  at        bigint NOT NULL,
  type      text NOT NULL,
  call_id   text COLLATE "C",
  person_id text COLLATE "C",
  fields    jsonb NOT NULL
);
CREATE INDEX events_call ON events (call_id, id) WHERE call_id IS NOT NULL;
CREATE INDEX events_person ON events (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX events_type ON events (type, id);
CREATE INDEX events_at ON events USING brin (at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the event log is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A reading of the event log, kept so that lists are quick. `last_event_id` keeps a late writer from undoing a newer one.
CREATE TABLE call_records (
  id            text COLLATE "C" PRIMARY KEY,
  last_event_id text COLLATE "C" NOT NULL,
  queue         text,
  alias         text,
  person_ids    text[] NOT NULL,
  record        jsonb NOT NULL
);
CREATE INDEX call_records_queue ON call_records (queue, id);
CREATE INDEX call_records_alias ON call_records (alias, id);
CREATE INDEX call_records_people ON call_records USING gin (person_ids);

CREATE TABLE recordings (
  id          text COLLATE "C" PRIMARY KEY,
  call_id     text COLLATE "C" NOT NULL,
  started_at  bigint NOT NULL,
  ended_at    bigint,
  duration_ms bigint,
  bytes       bigint,
  state       text NOT NULL CHECK (state IN ('open', 'complete', 'interrupted')),
  path        text NOT NULL,
  sha256      text,
  recipients  text[] NOT NULL
);
CREATE INDEX recordings_call ON recordings (call_id);

-- The number vault: only sealed values. `number_hash` is keyed, so it can't be turned round by trying every number.
CREATE TABLE vault_rows (
  alias         text PRIMARY KEY,
  number_hash   text NOT NULL UNIQUE,
  sealed_number bytea NOT NULL,
  first_seen_at bigint NOT NULL
);
