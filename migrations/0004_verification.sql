-- One-time codes as keyed hashes, how often somebody has tried, and sealed files on their way to the company. No code and no
-- digit is here. Rows of codes go a day after they ended.

CREATE TABLE verification_codes (
  id            text COLLATE "C" PRIMARY KEY,
  code_hash     text NOT NULL UNIQUE,
  factor        text NOT NULL,
  alias         text,
  customer_hash text,
  created_at    bigint NOT NULL,
  expires_at    bigint NOT NULL,
  ended_at      bigint,
  ended         text CHECK (ended IN ('used', 'replaced', 'revoked', 'locked')),
  used_by_call  text COLLATE "C",
  misses        integer NOT NULL DEFAULT 0,
  CHECK (alias IS NOT NULL OR customer_hash IS NOT NULL),
  CHECK ((ended IS NULL) = (ended_at IS NULL))
);
CREATE INDEX verification_codes_alias ON verification_codes (alias) WHERE ended IS NULL;
CREATE INDEX verification_codes_customer ON verification_codes (customer_hash) WHERE ended IS NULL;

CREATE TABLE verification_tries (
  scope text PRIMARY KEY,
  since bigint NOT NULL,
  tries integer NOT NULL
);

CREATE TABLE sealed_posts (
  id          text COLLATE "C" PRIMARY KEY,
  destination text NOT NULL,
  body        text NOT NULL,
  created_at  bigint NOT NULL,
  tries       integer NOT NULL,
  next_at     bigint NOT NULL
);
CREATE INDEX sealed_posts_next ON sealed_posts (next_at);
