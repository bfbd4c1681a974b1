// Softphones at the border: register, refresh, expire, too short, not admitted, somebody else's address, replaced, gone.

import t from 'tap';
import type { BorderEvents } from '../../src/sbc/border.ts';
import type { CallId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import {
  type BorderRig,
  newTag,
  openSoftphone,
  requestText,
  responseText,
  startBorderRig,
} from '../support/sip/border-rig.ts';
import { sdpText } from '../support/sip/sip-party.ts';

async function rigWithEvents(
  test: { teardown: (run: () => unknown) => void },
  softphones = {},
): Promise<{ rig: BorderRig; events: string[] }> {
  const rig = await startBorderRig({ border: { softphones } });
  test.teardown(() => rig.close());
  const events: string[] = [];
  const short = ({ personId, sessionId }: BorderEvents['softphoneRegistered']) => `${personId}/${sessionId}`;
  rig.border.on('softphoneRegistered', (event) => events.push(`+ ${short(event)}`));
  rig.border.on('softphoneGone', (event) => events.push(`- ${short(event)} ${event.because}`));
  return { rig, events };
}

t.test('a softphone registers, refreshes without news, and unregisters', async (t) => {
  const { rig, events } = await rigWithEvents(t);
  const phone = await openSoftphone(rig);
  t.teardown(() => phone.party.close());
  t.equal((await phone.register(120)).status, 200);
  t.match((await phone.register(120)).get('Contact'), /;expires=120$/);
  t.strictSame(events, ['+ p_1/s_1']);
  t.equal((await phone.register(0)).status, 200);
  t.equal(rig.border.isSoftphoneRegistered(phone.personId), false);
  t.strictSame(events, ['+ p_1/s_1', '- p_1/s_1 signed-out']);
});

t.test('a registration that is not refreshed runs out', async (t) => {
  const { rig, events } = await rigWithEvents(t, { minExpiresSeconds: 1 });
  const phone = await openSoftphone(rig);
  t.teardown(() => phone.party.close());
  await phone.register(1);
  t.equal(rig.border.isSoftphoneRegistered(phone.personId), true);
  await eventually('the expiry', () => !rig.border.isSoftphoneRegistered(phone.personId));
  t.strictSame(events, ['+ p_1/s_1', '- p_1/s_1 expired']);
});

t.test('too short a lifetime gets 423 with the shortest we take, too long is cut', async (t) => {
  const { rig } = await rigWithEvents(t, { minExpiresSeconds: 60, maxExpiresSeconds: 600 });
  const phone = await openSoftphone(rig);
  t.teardown(() => phone.party.close());
  const refused = await phone.register(30);
  t.strictSame([refused.status, refused.get('Min-Expires')], [423, '60']);
  t.equal(rig.border.isSoftphoneRegistered(phone.personId), false);
  t.match((await phone.register(86_400)).get('Contact'), /;expires=600$/);
});

t.test('a WebSocket that nobody admitted gets 403, whatever it sends', async (t) => {
  const { rig, events } = await rigWithEvents(t);
  const phone = await openSoftphone(rig, { admit: false });
  t.teardown(() => phone.party.close());
  t.equal((await phone.register()).status, 403);
  for (const method of ['INVITE', 'OPTIONS', 'MESSAGE', 'SUBSCRIBE', 'PUBLISH']) {
    const [from, to] = [`<sip:p_1@pbx.example>;tag=${newTag()}`, '<sip:+81312345678@pbx.example>'];
    phone.party.send(requestText(phone.party, { method, uri: 'sip:+81312345678@pbx.example', from, to }));
    t.equal((await phone.party.nextResponse()).status, 403, method);
  }
  t.strictSame([events, rig.calls.length], [[], 0]);
});

t.test('a session that is over gets no binding and no refresh, though its WebSocket is there still', async (t) => {
  const { rig, events } = await rigWithEvents(t);
  let live = true;
  const phone = await openSoftphone(rig, { isLive: () => live });
  t.teardown(() => phone.party.close());
  t.equal((await phone.register(60)).status, 200);
  live = false;
  t.equal((await phone.register(60)).status, 403, 'no refresh');
  phone.undoAdmission();
  t.equal(rig.border.isSoftphoneRegistered(phone.personId), false, 'and the binding is gone with the session');
  t.equal(rig.border.softphoneSession(phone.personId), undefined);
  t.strictSame(events, ['+ p_1/s_1', '- p_1/s_1 closed']);
  const other = await openSoftphone(rig, { isLive: () => false });
  t.teardown(() => other.party.close());
  t.equal((await other.register(60)).status, 403, 'nor a first one');
});

t.test("an admitted softphone cannot register somebody else's address, nor dial by SIP", async (t) => {
  const { rig, events } = await rigWithEvents(t);
  const phone = await openSoftphone(rig);
  t.teardown(() => phone.party.close());
  t.equal((await phone.register(300, { user: 'p_2' })).status, 403);
  t.equal((await phone.register(300, { contact: '<not a uri>' })).status, 400);
  t.equal((await phone.register(300, { contact: '*' })).status, 400, 'star without expires 0');
  const from = `<sip:p_1@pbx.example>;tag=${newTag()}`;
  const uri = 'sip:+81312345678@pbx.example';
  phone.party.send(requestText(phone.party, { method: 'INVITE', uri, from, to: `<${uri}>`, body: sdpText('x') }));
  t.equal((await phone.party.nextResponse()).status, 403);
  t.strictSame([events, rig.calls.length], [[], 0]);
});

t.test('a newer session of a person replaces the older one', async (t) => {
  const { rig, events } = await rigWithEvents(t);
  const [first, second] = [await openSoftphone(rig), await openSoftphone(rig, { sessionId: 's_2' })];
  t.teardown(() => [first, second].forEach(({ party }) => void party.close()));
  await first.register();
  await second.register();
  t.strictSame(events, ['+ p_1/s_1', '- p_1/s_1 replaced', '+ p_1/s_2']);
  first.undoAdmission();
  t.equal(rig.border.isSoftphoneRegistered(second.personId), true, 'the old session takes nothing with it');
  const leg = rig.border.callSoftphone({
    callId: 'c_1' as CallId,
    personId: second.personId,
    displayName: 'A',
    sdpOffer: sdpText('pbx'),
    ringTimeoutSeconds: 5,
  });
  await second.party.nextRequest('INVITE');
  t.equal(first.party.received.filter(({ method }) => method === 'INVITE').length, 0);
  await leg.end();
});

t.test('a reload of the same session moves the binding to the new flow', async (t) => {
  const { rig, events } = await rigWithEvents(t);
  const [before, after] = [await openSoftphone(rig), await openSoftphone(rig)];
  t.teardown(() => [before, after].forEach(({ party }) => void party.close()));
  await before.register();
  await after.register();
  before.undoAdmission();
  t.equal(rig.border.isSoftphoneRegistered(after.personId), true);
  t.strictSame(events, ['+ p_1/s_1', '+ p_1/s_1']);
});

t.test('when the admission is undone the binding goes, and the next REGISTER is refused', async (t) => {
  const { rig, events } = await rigWithEvents(t);
  const phone = await openSoftphone(rig);
  t.teardown(() => phone.party.close());
  await phone.register();
  phone.undoAdmission();
  t.strictSame(events, ['+ p_1/s_1', '- p_1/s_1 closed']);
  t.equal(rig.border.isSoftphoneRegistered(phone.personId), false);
  t.equal((await phone.register()).status, 403);
});

t.test('a call to a softphone that is not there ends at once, and one whose WebSocket died soon', async (t) => {
  const { rig } = await rigWithEvents(t);
  const phone = await openSoftphone(rig);
  const ring = () =>
    new Promise<string>((resolve) => {
      const leg = rig.border.callSoftphone({
        callId: 'c_1' as CallId,
        personId: phone.personId,
        displayName: 'A',
        sdpOffer: sdpText('pbx'),
        ringTimeoutSeconds: 30,
      });
      leg.on('ended', ({ cause }) => resolve(cause));
    });
  t.equal(await ring(), 'unreachable');
  await phone.register();
  phone.party.close();
  await eventually('the server noticing', () => rig.server.stats().contacts === 0);
  t.equal(await ring(), 'unreachable');
});

t.test('REGISTER from a carrier is refused', async (t) => {
  const { rig } = await rigWithEvents(t);
  const aor = '<sip:p_1@pbx.example>';
  const uri = 'sip:pbx.example';
  rig.carrier.send(requestText(rig.carrier, { method: 'REGISTER', uri, from: `${aor};tag=1`, to: aor }));
  t.equal((await rig.carrier.nextResponse()).status, 403);
});

t.test('a call whose WebSocket died stays until we end it, and ends without waiting for the dead', async (t) => {
  const { rig, events } = await rigWithEvents(t);
  const phone = await openSoftphone(rig);
  await phone.register();
  const leg = rig.border.callSoftphone({
    callId: 'c_1' as CallId,
    personId: phone.personId,
    displayName: 'A',
    sdpOffer: sdpText('pbx'),
    ringTimeoutSeconds: 30,
  });
  const invite = await phone.party.nextRequest('INVITE');
  phone.party.send(responseText(invite, 200, { tag: 'x', contact: `<${phone.contact}>`, body: sdpText('browser') }));
  await phone.party.nextRequest('ACK');
  await eventually('answered', () => leg.state === 'answered');
  phone.party.close();
  phone.undoAdmission();
  t.strictSame(events, ['+ p_1/s_1', '- p_1/s_1 closed']);
  t.equal(leg.state, 'answered', 'its media may still flow; the call decides');
  const reload = await openSoftphone(rig);
  t.teardown(() => reload.party.close());
  await reload.register();
  const began = Date.now();
  await leg.end();
  t.ok(Date.now() - began < 3000, `ended after ${Date.now() - began} ms`);
  t.equal(reload.party.received.filter(({ method }) => method === 'BYE').length, 0, 'the new page hears nothing of it');
});
