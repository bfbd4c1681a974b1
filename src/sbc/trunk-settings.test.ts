import t from 'tap';
import { Value } from 'typebox/value';
import { TrunkSettingsSchema, trunkSettings } from './trunk-settings.ts';

const targets = [{ host: 'sip.carrier.example' }];

t.test('the schema fills in the same defaults as the function, and accepts the result', async (t) => {
  const bySchema = Value.Default(TrunkSettingsSchema, { name: 'carrier', targets: structuredClone(targets) });
  t.strictSame(bySchema, trunkSettings({ name: 'carrier', targets }));
  t.equal(Value.Check(TrunkSettingsSchema, bySchema), true);
});

t.test('what is no trunk is refused', async (t) => {
  const good = trunkSettings({ name: 'carrier', targets });
  t.equal(Value.Check(TrunkSettingsSchema, { ...good, name: 'Not A Name' }), false);
  t.equal(Value.Check(TrunkSettingsSchema, { ...good, formIn: 'roman' }), false);
  t.equal(Value.Check(TrunkSettingsSchema, { ...good, firstResponseTimeoutSeconds: 0 }), false);
});
