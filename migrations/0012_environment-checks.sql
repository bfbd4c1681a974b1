-- Checks before shifts: what was found, with the limits of the moment. Never changed afterwards, except that one may become
-- stale before its time.

CREATE TABLE environment_checks (
  id           text COLLATE "C" PRIMARY KEY,
  person_id    text COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  session_id   text COLLATE "C" NOT NULL,
  at           bigint NOT NULL,
  address      text NOT NULL,
  place        text NOT NULL,
  passed       boolean NOT NULL,
  counts_until bigint NOT NULL,
  stale_at     bigint,
  record       jsonb NOT NULL
);
CREATE INDEX environment_checks_of_person ON environment_checks (person_id, id DESC);
