import t from 'tap';
import { PhoneNumber } from '../privacy/phone-number.ts';
import { type DialRules, mayDial } from './dial-rules.ts';

const dial = (text: string, rules?: DialRules) => {
  const decision = mayDial(PhoneNumber.fromCanonical(text)!, rules);
  return decision.kind === 'allowed' ? `allowed ${decision.onlyTrunk ?? ''}`.trim() : decision.because;
};

t.test('unless told otherwise only ordinary domestic numbers may be dialled', async (t) => {
  for (const text of ['+81312345678', '+819012345678', '+815012345678', '0120123456']) t.equal(dial(text), 'allowed');
  t.equal(dial('110'), 'emergency');
  t.equal(dial('119'), 'emergency');
  t.equal(dial('+12125550123'), 'international');
  t.equal(dial('0990123456'), 'premium');
  t.equal(dial('0180123456'), 'premium');
  t.equal(dial('0570000111'), 'navi-dial');
  t.equal(dial('117'), 'special-service');
  t.equal(dial('0123'), 'unknown');
});

t.test('a country can be opened without opening the world', async (t) => {
  const rules: DialRules = { allow: ['fixed'], allowCountryCodes: ['1'] };
  t.equal(dial('+12125550123', rules), 'allowed');
  t.equal(dial('+442079460123', rules), 'international');
});

t.test('a listed beginning is refused although its class is allowed', async (t) => {
  t.equal(dial('+81312345678', { allow: ['fixed'], denyPrefixes: ['+8131234'] }), 'listed');
});

t.test('emergency calls go through the named site trunk only, and no class opens them', async (t) => {
  t.equal(dial('119', { allow: ['emergency'] }), 'emergency');
  t.equal(dial('119', { allow: [], emergencyTrunk: 'tokyo-office' }), 'allowed tokyo-office');
});

t.test('unknown stays denied even when a rule lists it', async (t) => {
  t.equal(dial('0123', { allow: ['unknown'] }), 'unknown');
});

t.test('satellites and lines of machines are opened by name, and a country is not its neighbours', async (t) => {
  t.equal(dial('+870773111632'), 'satellite');
  t.equal(dial('+870773111632', { allow: ['international'] }), 'satellite', 'not by the world');
  t.equal(dial('+870773111632', { allow: ['satellite'] }), 'allowed');
  t.equal(dial('+815012345678', { allow: ['m2m'] }), 'unknown', 'what is not allowed and has no name of its own');
  t.equal(dial('+812012345678'), 'm2m');
  const rules: DialRules = { allow: [], allowCountries: ['US'] };
  t.equal(dial('+12125550123', rules), 'allowed');
  t.equal(dial('+18764567890', rules), 'international', 'Jamaica has the same country code');
  t.equal(dial('+19005551234', rules), 'premium', 'nor are premium numbers opened');
});

t.test('one number may be opened, an emergency number never is', async (t) => {
  const rules: DialRules = { allow: [], allowNumbers: ['0570000111', '117', '119'], denyPrefixes: ['117'] };
  t.equal(dial('0570000111', rules), 'allowed');
  t.equal(dial('0570000112', rules), 'navi-dial');
  t.equal(dial('117', rules), 'listed', 'a refusal goes before');
  t.equal(dial('119', rules), 'emergency');
});
