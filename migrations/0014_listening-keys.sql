-- Keys with which people hear recordings. The private half of one under a passkey is here only sealed to that passkey.

CREATE TABLE listening_keys (
  id              text COLLATE "C" PRIMARY KEY,
  person_id       text COLLATE "C" NOT NULL REFERENCES people (id),
  name            text NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('passkey', 'file')),
  recipient       text NOT NULL UNIQUE,
  sealed_identity bytea,
  credential      text,
  created_at      bigint NOT NULL,
  approved_at     bigint,
  approved_by     text COLLATE "C",
  ended_at        bigint,
  ended_by        text COLLATE "C"
);
CREATE INDEX listening_keys_person ON listening_keys (person_id);
CREATE INDEX recordings_started ON recordings (started_at);
