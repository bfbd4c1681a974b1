import t from 'tap';
import { PhoneNumber } from '../privacy/phone-number.ts';
import type { CallId, PersonId } from '../shared/ids.ts';
import { allowedHeaders, checkedFor, inviteForSoftphone, inviteForTrunk } from './header-policy.ts';
import { trunkSettings } from './trunk-settings.ts';

const identities = ['P-Asserted-Identity', 'P-Preferred-Identity', 'Remote-Party-ID', 'Diversion', 'History-Info'];
identities.push('Referred-By', 'Privacy', 'Identity', 'X-Customer', 'Subject', 'User-Agent', 'Contact', 'Route');

t.test(
  'no identity of the customer is on the list of a softphone, none of the agent on that of a carrier',
  async (t) => {
    for (const name of identities) {
      t.notOk(allowedHeaders.softphone.has(name.toLowerCase()), name);
      t.throws(() => checkedFor('softphone', { [name]: 'x' }), /not for a softphone/, name);
    }
    for (const name of ['X-Engawa-Call', 'X-Engawa-Purpose', 'Call-Info', 'Referred-By', 'X-Agent'])
      t.throws(() => checkedFor('carrier', { [name]: 'x' }), /not for a carrier/, name);
  },
);

t.test('a value with a line break goes to nobody', async (t) => {
  t.throws(() => checkedFor('carrier', { From: '<sip:a@b>\r\nX-Injected: 1' }), /line break/);
  const call = { callId: 'c_1' as CallId, personId: 'p_1' as PersonId, sdpOffer: '', ringTimeoutSeconds: 1 };
  const named = inviteForSoftphone({ ...call, displayName: 'A\r\nX: 1\0' }, { domain: 'd' });
  t.equal(named['From'], '"A X: 1 " <sip:engawa@d>', 'a name is one line, whatever was in it');
  t.match(
    inviteForSoftphone({ ...call, displayName: 'A "B" \\' }, { domain: 'd' })['From'],
    /^"A \\"B\\" \\\\" <sip:engawa@d>$/,
  );
});

t.test('transport, domain and user=phone are written as the trunk wants them', async (t) => {
  const call = { to: PhoneNumber.fromCanonical('+819087654321')!, presentedNumber: '+81312345678' };
  const settings = (more: object) => {
    const trunk = trunkSettings({
      name: 'a',
      targets: [{ host: '2001:db8::1', port: 5061, transport: 'tls' }],
      ...more,
    });
    return inviteForTrunk(call, trunk, trunk.targets[0]!, { domain: 'pbx.example', sessionExpiresSeconds: 0 });
  };
  t.equal(settings({}).uri, 'sip:+819087654321@[2001:db8::1]:5061;user=phone;transport=tls');
  const domain = settings({ domain: 'carrier.example', identity: { userPhone: false, send: 'from' } });
  t.equal(domain.uri, 'sip:+819087654321@carrier.example;transport=tls');
  t.equal(domain.proxy, 'sip:[2001:db8::1]:5061;transport=tls');
  t.equal(domain.headers['From'], '<sip:+81312345678@carrier.example>');
  t.equal(domain.headers['P-Asserted-Identity'], undefined);
  t.equal(domain.headers['Session-Expires'], undefined);
});

t.test('184 and 186 stand before numbers that are dialled from home, and nowhere else', async (t) => {
  const uri = (to: string, withhold: boolean, formOut: 'national' | 'e164', more: object) => {
    const trunk = trunkSettings({
      name: 'a',
      targets: [{ host: 'c' }],
      formOut,
      identity: { userPhone: false, ...more },
    });
    const call = { to: PhoneNumber.fromCanonical(to)!, presentedNumber: '+81312345678', withhold };
    const { uri, headers } = inviteForTrunk(call, trunk, trunk.targets[0]!, { domain: 'd', sessionExpiresSeconds: 0 });
    return [/^sip:([^@]+)@/.exec(uri)![1], headers['Privacy'] ?? 'shown'];
  };
  const both = { withhold: 'prefix', present: 'prefix' };
  t.strictSame(uri('+819087654321', true, 'national', both), ['18409087654321', 'shown']);
  t.strictSame(uri('+819087654321', false, 'national', both), ['18609087654321', 'shown']);
  t.strictSame(uri('+819087654321', false, 'national', {}), ['09087654321', 'shown']);
  t.strictSame(uri('119', false, 'national', both), ['119', 'shown'], 'an emergency number is never another one');
  t.strictSame(uri('117', true, 'national', both), ['117', 'id'], 'withheld all the same');
  t.strictSame(uri('+819087654321', true, 'e164', both), ['+819087654321', 'id']);
});
