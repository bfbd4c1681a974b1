-- Versions of flows, which of them are in force in place of their files, and calendars that are closed by hand.
-- The sequence flow_changes grows with every change: nodes ask it whether there is something to read.

CREATE TABLE flow_versions (
  flow    text COLLATE "C" NOT NULL,
  version text COLLATE "C" NOT NULL,
  text    text NOT NULL,
  parts   jsonb NOT NULL,
  kept_at bigint NOT NULL,
  PRIMARY KEY (flow, version)
);

-- The last row of a flow holds. Without a version: its file.
CREATE TABLE flow_publications (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  flow    text COLLATE "C" NOT NULL,
  version text COLLATE "C",
  at      bigint NOT NULL,
  by      text COLLATE "C",
  FOREIGN KEY (flow, version) REFERENCES flow_versions (flow, version)
);
CREATE INDEX flow_publications_by_flow ON flow_publications (flow, id DESC);

-- The calendar * means all of them.
CREATE TABLE calendar_closures (
  calendar text COLLATE "C" PRIMARY KEY,
  since    bigint NOT NULL,
  until    bigint,
  by       text COLLATE "C",
  because  text NOT NULL
);

CREATE SEQUENCE flow_changes;
