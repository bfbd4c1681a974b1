-- Readings of the event log, kept so that what is still to be done is found at once: call backs that were promised, messages
-- that were left. Customers are aliases here; their numbers are in the number vault alone.

CREATE TABLE callbacks (
  call_id        text COLLATE "C" PRIMARY KEY,
  alias          text NOT NULL,
  company_number text NOT NULL,
  queue          text NOT NULL,
  priority       integer NOT NULL,
  skills         jsonb NOT NULL,
  reason         text,
  pii_class      text,
  waiting_since  bigint NOT NULL,
  requested_at   bigint NOT NULL,
  expires_at     bigint NOT NULL,
  attempts       integer NOT NULL DEFAULT 0,
  next_at        bigint NOT NULL,
  ended_at       bigint,
  ended_because  text,
  person_id      text COLLATE "C"
);
CREATE INDEX callbacks_waiting ON callbacks (next_at) WHERE ended_at IS NULL;

CREATE TABLE voicemails (
  recording_id text COLLATE "C" PRIMARY KEY,
  call_id      text COLLATE "C" NOT NULL,
  mailbox      text NOT NULL,
  alias        text,
  reason       text,
  pii_class    text,
  left_at      bigint NOT NULL,
  duration_ms  bigint NOT NULL,
  done_at      bigint,
  done_by      text COLLATE "C"
);
CREATE INDEX voicemails_mailbox ON voicemails (mailbox, recording_id);
