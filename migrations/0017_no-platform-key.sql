-- Keys of devices are those that the page makes; nothing ever wrote this.
ALTER TABLE devices DROP COLUMN platform_key;
