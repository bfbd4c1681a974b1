-- The rest of a recording's life: the age header of each of its files is here, the payloads are in the storage; what keeps it from
-- being deleted; when it was stored, chained into the audit log, shredded.

ALTER TABLE recordings
  ADD COLUMN stored_at       bigint,
  ADD COLUMN chained_at      bigint,
  ADD COLUMN shredding_since bigint,
  ADD COLUMN shredded_at     bigint;
CREATE INDEX recordings_unstored ON recordings (id) WHERE stored_at IS NULL;
CREATE INDEX recordings_unchained ON recordings (id) WHERE stored_at IS NOT NULL AND chained_at IS NULL;
CREATE INDEX recordings_half_shredded ON recordings (id) WHERE shredding_since IS NOT NULL AND shredded_at IS NULL;

-- `header` is null once it is shredded; its hash stays, as proof of what is gone.
CREATE TABLE recording_files (
  recording_id   text COLLATE "C" NOT NULL REFERENCES recordings (id),
  name           text NOT NULL,
  header         bytea,
  header_bytes   integer NOT NULL,
  header_sha256  text NOT NULL,
  recipients     text[] NOT NULL DEFAULT '{}',
  payload_key    text NOT NULL,
  payload_bytes  bigint NOT NULL,
  payload_sha256 text NOT NULL,
  PRIMARY KEY (recording_id, name)
);

CREATE TABLE recording_holds (
  id              text COLLATE "C" PRIMARY KEY,
  recording_id    text COLLATE "C" NOT NULL REFERENCES recordings (id),
  matter          text NOT NULL,
  purpose         text NOT NULL,
  placed_at       bigint NOT NULL,
  placed_by       text COLLATE "C",
  released_at     bigint,
  released_by     text COLLATE "C",
  release_purpose text
);
CREATE INDEX recording_holds_recording ON recording_holds (recording_id) WHERE released_at IS NULL;
