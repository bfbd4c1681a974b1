-- Own telephones of people who work with one, and today's device. Numbers are in the number vault alone; `alias` is the
-- name of one there, and nobody is told it.

CREATE TABLE own_telephones (
  person_id  text COLLATE "C" PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
  alias      text,
  allowed    boolean NOT NULL,
  device     text NOT NULL CHECK (device IN ('browser', 'telephone')),
  changed_at bigint NOT NULL
);
