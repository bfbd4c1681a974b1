// The first call of each kind through the border: in from a carrier, out to a carrier, out to a softphone.

import t from 'tap';
import type { CallId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import {
  calleeDialog,
  callerDialog,
  callOut,
  carrierCalls,
  contactOf,
  inDialog,
  newTag,
  openSoftphone,
  responseText,
  startBorderRig,
  tokyo,
} from '../support/sip/border-rig.ts';
import { sdpText } from '../support/sip/sip-party.ts';

t.test('a carrier calls in, is answered and hangs up', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const call = carrierCalls(rig, { body: sdpText('caller') });
  const { leg, caller, companyNumber, trunk, withheld } = await eventually('the call', () => rig.calls[0]);
  t.equal(caller?.reveal(), '+819012345678');
  t.strictSame([companyNumber, trunk, withheld, leg.state], [tokyo, 'carrier', 'no', 'offered']);
  t.equal(leg.sdpOffer, sdpText('caller'));
  const ended: unknown[] = [];
  leg.on('ended', (event) => ended.push(event));
  leg.ring();
  await rig.carrier.nextResponse(180);
  const answering = leg.answer(sdpText('pbx'));
  const ok = await rig.carrier.nextResponse(200);
  t.equal(ok.body, sdpText('pbx'));
  const dialog = callerDialog(call, ok);
  inDialog(rig.carrier, 'ACK', { ...dialog, cseq: 1 });
  t.strictSame(await answering, { kind: 'ok' });
  t.equal(leg.state, 'answered');
  inDialog(rig.carrier, 'BYE', { ...dialog, cseq: 2 });
  await rig.carrier.nextResponse(200);
  await eventually('the end', () => ended.length === 1);
  t.strictSame(ended, [{ cause: 'normal', by: 'far-end', sipStatus: null }]);
  t.equal(leg.state, 'ended');
  t.equal(rig.border.trunks()[0]?.activeCalls, 0);
});

t.test('a call goes out to the carrier, is answered and we hang up', async (t) => {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const leg = callOut(rig.border, { offer: async (profile) => sdpText(`pbx-${profile}`) });
  const events: string[] = [];
  leg.on('ringing', () => events.push('ringing'));
  leg.on('answered', ({ sdpAnswer }) => events.push(`answered ${sdpAnswer === sdpText('callee')}`));
  leg.on('ended', ({ cause, by }) => events.push(`ended ${cause} ${by}`));
  const invite = await rig.carrier.nextRequest('INVITE');
  t.equal(invite.body, sdpText('pbx-rtp'));
  const tag = newTag();
  rig.carrier.send(responseText(invite, 180, { tag, contact: contactOf(rig.carrier) }));
  rig.carrier.send(responseText(invite, 200, { tag, contact: contactOf(rig.carrier), body: sdpText('callee') }));
  await rig.carrier.nextRequest('ACK');
  await eventually('answered', () => leg.state === 'answered');
  const ending = leg.end();
  const bye = await rig.carrier.nextRequest('BYE');
  t.match(bye.get('Reason'), /^Q\.850;cause=16/);
  rig.carrier.send(responseText(bye, 200));
  await ending;
  t.strictSame(events, ['ringing', 'answered true', 'ended normal us']);
});

t.test('a softphone registers, is rung under an alias, and answers', async (t) => {
  const rig = await startBorderRig();
  const phone = await openSoftphone(rig);
  t.teardown(async () => {
    phone.party.close();
    await rig.close();
  });
  t.equal(rig.border.isSoftphoneRegistered(phone.personId), false);
  const registered = await phone.register();
  t.equal(registered.status, 200, registered.text);
  t.match(registered.get('Contact'), new RegExp(`<${phone.contact}>;expires=300`));
  t.equal(rig.border.isSoftphoneRegistered(phone.personId), true);

  const leg = rig.border.callSoftphone({
    callId: 'c_7' as CallId,
    personId: phone.personId,
    displayName: 'K7Q4-M2XD',
    sdpOffer: sdpText('pbx'),
    ringTimeoutSeconds: 20,
  });
  const invite = await phone.party.nextRequest('INVITE');
  t.match(invite.get('From'), /^"K7Q4-M2XD" <sip:engawa@pbx\.example>;tag=/);
  t.equal(invite.get('X-Engawa-Call'), 'c_7');
  t.match(invite.line, phone.contact);
  const tag = newTag();
  phone.party.send(responseText(invite, 180, { tag, contact: `<${phone.contact}>` }));
  phone.party.send(responseText(invite, 200, { tag, contact: `<${phone.contact}>`, body: sdpText('browser') }));
  await phone.party.nextRequest('ACK');
  await eventually('answered', () => leg.state === 'answered');
  const ended: unknown[] = [];
  leg.on('ended', (event) => ended.push(event));
  inDialog(phone.party, 'BYE', { ...calleeDialog(invite, tag), cseq: 1 });
  await phone.party.nextResponse(200);
  await eventually('the end', () => ended.length === 1);
  t.strictSame(ended, [{ cause: 'normal', by: 'far-end', sipStatus: null }]);
});
