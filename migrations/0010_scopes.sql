-- People and keys may be limited to sites and queues; an empty scope is no limit. Keys end by themselves, and say when they were
-- last used.

ALTER TABLE people
  ADD COLUMN site  text,
  ADD COLUMN scope jsonb NOT NULL DEFAULT '{}';
ALTER TABLE api_keys
  ADD COLUMN scope        jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN expires_at   bigint,
  ADD COLUMN last_used_at bigint;
