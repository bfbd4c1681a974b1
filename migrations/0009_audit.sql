-- Who did what: append-only, chained by hashes (store/audit/chain.ts). What is personal lies in audit_details, under a salted
-- hash, so that it can be deleted when somebody has left. The program needs INSERT and SELECT here, and nothing else.

CREATE TABLE audit_entries (
  seq          bigint PRIMARY KEY,
  id           text COLLATE "C" NOT NULL UNIQUE,
  at           bigint NOT NULL,
  act          text NOT NULL,
  outcome      text NOT NULL CHECK (outcome IN ('done', 'refused')),
  person_id    text COLLATE "C",
  key_id       text COLLATE "C",
  command      text,
  target_kind  text,
  target_id    text,
  about        text[] NOT NULL DEFAULT '{}',
  details_hash text NOT NULL,
  previous     text NOT NULL,
  hash         text NOT NULL
);
CREATE INDEX audit_entries_person ON audit_entries (person_id, seq) WHERE person_id IS NOT NULL;
CREATE INDEX audit_entries_key ON audit_entries (key_id, seq) WHERE key_id IS NOT NULL;
CREATE INDEX audit_entries_target ON audit_entries (target_id, seq) WHERE target_id IS NOT NULL;
CREATE INDEX audit_entries_act ON audit_entries (act, seq);
CREATE INDEX audit_entries_about ON audit_entries USING gin (about);
CREATE INDEX audit_entries_at ON audit_entries USING brin (at);

CREATE TABLE audit_details (
  seq  bigint PRIMARY KEY REFERENCES audit_entries (seq),
  salt text NOT NULL,
  body jsonb NOT NULL
);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'audit_details' AND TG_OP = 'DELETE' AND current_setting('engawa.forgets', true) = 'yes' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_details_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_details
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
