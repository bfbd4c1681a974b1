import { createHmac } from 'node:crypto';
import t from 'tap';
import { iceSettings, turnCredential } from './turn-credentials.ts';

const turn = {
  urls: ['stun:turn.example:3478', 'turn:turn.example:3478?transport=udp', 'turns:turn.example:443?transport=tcp'],
  secret: 'a secret of the TURN server',
  credentialMinutes: 10,
  relayOnly: false,
};

t.test('the password is the HMAC-SHA1 of the user name, which says when it ends', (t) => {
  const { username, credential } = turnCredential('north', 'ses_1', 1_700_000_000_999);
  t.equal(username, '1700000000:ses_1');
  t.equal(credential, createHmac('sha1', 'north').update('1700000000:ses_1').digest('base64'));
  t.not(turnCredential('north', 'ses_2', 1_700_000_000_999).credential, credential);
  t.not(turnCredential('south', 'ses_1', 1_700_000_000_999).credential, credential);
  t.end();
});

t.test('a desk gets the relays with a credential of its own, and STUN servers without one', (t) => {
  const settings = iceSettings(turn, 'ses_1', 1_700_000_000_000);
  t.match(settings, {
    iceServers: [{ urls: [turn.urls[0]] }, { urls: turn.urls.slice(1), username: '1700000600:ses_1' }],
    iceTransportPolicy: 'all',
    iceServersExpireAt: 1_700_000_600_000,
  });
  t.notOk(JSON.stringify(settings).includes(turn.secret));
  t.notHas(settings.iceServers[0], { username: String });
  t.end();
});

t.test('relay only is told only where there is a relay, and without TURN there is nothing to renew', (t) => {
  t.equal(iceSettings({ ...turn, relayOnly: true }, 'ses_1', 0).iceTransportPolicy, 'relay');
  t.same(iceSettings({ ...turn, secret: undefined, relayOnly: true }, 'ses_1', 0), {
    iceServers: [{ urls: [turn.urls[0]] }],
    iceTransportPolicy: 'all',
    iceServersExpireAt: null,
    serverTime: 0,
  });
  t.same(iceSettings(undefined, 'ses_1', 0).iceServers, []);
  t.end();
});
