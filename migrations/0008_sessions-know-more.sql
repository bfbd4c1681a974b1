-- A session knows by which second factor it was begun, when the person last proved that again, and on which device it lives.
-- Auditors read and change nothing.

ALTER TABLE sessions
  ADD COLUMN second_factor text,
  ADD COLUMN stepped_up_at bigint,
  ADD COLUMN device_id     text COLLATE "C";

ALTER TABLE people DROP CONSTRAINT people_role_check;
ALTER TABLE people ADD CONSTRAINT people_role_check
  CHECK (role IN ('agent', 'supervisor', 'administrator', 'auditor', 'integrator'));
ALTER TABLE api_keys DROP CONSTRAINT api_keys_role_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_role_check
  CHECK (role IN ('agent', 'supervisor', 'administrator', 'auditor', 'integrator'));
