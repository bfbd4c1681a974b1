-- Who has asked a supervisor for help, as the event log tells it. No free text: a kind, and one of a few phrases in answer.

CREATE TABLE help_requests (
  id            text COLLATE "C" PRIMARY KEY,
  person_id     text COLLATE "C" NOT NULL,
  call_id       text COLLATE "C",
  about         text NOT NULL,
  asked_at      bigint NOT NULL,
  answered_at   bigint,
  answered_by   text COLLATE "C",
  answer        text,
  ended_at      bigint,
  ended_by      text COLLATE "C",
  ended_because text
);
CREATE INDEX help_requests_open ON help_requests (id DESC) WHERE ended_at IS NULL;
