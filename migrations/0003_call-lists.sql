-- Outbound call lists: customers are aliases here, their numbers are in the number vault alone.

CREATE TABLE call_lists (
  id               text COLLATE "C" PRIMARY KEY,
  name             text NOT NULL UNIQUE,
  label            jsonb NOT NULL,
  mode             text NOT NULL CHECK (mode IN ('preview', 'progressive')),
  reason           text NOT NULL,
  queue            text NOT NULL,
  presented_number text NOT NULL,
  calendar         text NOT NULL,
  script           jsonb NOT NULL,
  retry            jsonb NOT NULL,
  state            text NOT NULL CHECK (state IN ('paused', 'running', 'ended')),
  created_at       bigint NOT NULL
);

CREATE TABLE call_list_entries (
  id             text COLLATE "C" PRIMARY KEY,
  list_id        text COLLATE "C" NOT NULL REFERENCES call_lists (id),
  alias          text NOT NULL,
  reference      text,
  facts          jsonb NOT NULL,
  state          text NOT NULL CHECK (state IN ('waiting', 'reserved', 'calling', 'closed')),
  attempts       integer NOT NULL DEFAULT 0,
  not_before     bigint NOT NULL,
  reserved_by    text COLLATE "C",
  reserved_until bigint,
  call_id        text COLLATE "C",
  last_outcome   text,
  closed_because text,
  UNIQUE (list_id, alias)
);
CREATE INDEX call_list_entries_due ON call_list_entries (list_id, not_before, id) WHERE state = 'waiting';
-- One person has one entry at a time, whichever node asks.
CREATE UNIQUE INDEX call_list_entries_person ON call_list_entries (reserved_by) WHERE state IN ('reserved', 'calling');

CREATE TABLE call_list_attempts (
  call_id     text COLLATE "C" PRIMARY KEY,
  entry_id    text COLLATE "C" NOT NULL REFERENCES call_list_entries (id),
  list_id     text COLLATE "C" NOT NULL,
  person_id   text COLLATE "C" NOT NULL,
  at          bigint NOT NULL,
  outcome     text,
  disposition text,
  talk_ms     bigint NOT NULL DEFAULT 0
);
CREATE INDEX call_list_attempts_list ON call_list_attempts (list_id, at);

-- Who asked not to be called, or must not be, from any list.
CREATE TABLE do_not_call (
  alias   text PRIMARY KEY,
  because text NOT NULL,
  since   bigint NOT NULL
);
