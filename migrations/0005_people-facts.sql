-- What is registered of a person for the rules of who may take which call (config/policy.yaml): employment, trainings, pledge,
-- device, connection check. Classes of personal information are the company's own.

ALTER TABLE people ADD COLUMN facts jsonb NOT NULL DEFAULT '{}';
ALTER TABLE people DROP CONSTRAINT people_clearance_check;
