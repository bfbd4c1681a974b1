// FreeSWITCH is called through SIP servers that come and go: the first is not there, or is killed in mid-call. Parties stay, are negotiated
// anew and end all the same.

import t from 'tap';
import { newId } from '../../src/shared/ids.ts';
import { eventually } from '../support/eventually.ts';
import { freeTcpPort } from '../support/free-port.ts';
import { freeswitchRig, withoutFreeswitch } from '../support/media/freeswitch-media.ts';
import { openParty } from '../support/media/media-party.ts';
import { serverKinds } from '../support/sip/sip-server-process.ts';

t.setTimeout(180_000);
const secret = 'tell-nobody';

t.test('a SIP server that is not there is passed over', { skip: withoutFreeswitch }, async (test) => {
  const rig = await freeswitchRig(test);
  const media = await rig.open({ sip: [{ host: '127.0.0.1', port: await freeTcpPort(), secret }, rig.sip] });
  test.teardown(() => media.close());
  test.match(await media.health(), { ok: true });
  const made = await media.createEndpoint({ callId: newId('call'), profile: 'webrtc' });
  test.equal(made.kind, 'created');
});

for (const kind of serverKinds) {
  const skip = withoutFreeswitch || kind.skip;

  t.test(`${kind.name} is killed: parties stay, and the next one is used`, { skip }, async (test) => {
    const [rig, first, second] = [await freeswitchRig(test), await kind.start(test), await kind.start(test)];
    const media = await rig.open({ sip: [first.address, second.address] });
    test.teardown(() => media.close());
    const callId = newId('call');
    const [a, b] = [
      await openParty(test, media, callId, { toneHz: 440 }),
      await openParty(test, media, callId, { toneHz: 660 }),
    ];
    await a.endpoint.bridge(b.endpoint);
    await eventually('they hear each other', () => a.party.hears(660) && b.party.hears(440));
    await first.signal('SIGKILL');
    await eventually('new parties are taken again', async () => {
      const made = await media.createEndpoint({ callId: newId('call'), profile: 'rtp' });
      if (made.kind === 'created') await made.endpoint.close();
      return made.kind === 'created';
    });
    await eventually('the conversation goes on', () => a.party.hears(660) && b.party.hears(440));
    const held = await a.endpoint.answerOffer(a.party.sdp({ direction: 'sendonly' }));
    test.match(held, { kind: 'ok' });
    test.match(await a.endpoint.answerOffer(a.party.sdp()), { kind: 'ok' });
    await eventually('they hear each other still', () => a.party.hears(660) && b.party.hears(440));
    const facts = [a.endpoint.facts?.(), b.endpoint.facts?.()].filter((one) => one !== undefined);
    test.equal(facts.length, 2);
    await Promise.all([a.endpoint.close(), b.endpoint.close()]);
    await eventually('FreeSWITCH has ended both', async () =>
      (await media.adoptEndpoints!({ callId, facts })).every((one) => one === undefined),
    );
  });

  t.test(`${kind.name} is the only one and comes back`, { skip }, async (test) => {
    const [rig, first] = [await freeswitchRig(test), await kind.start(test)];
    const media = await rig.open({ sip: [first.address] });
    test.teardown(() => media.close());
    const one = await openParty(test, media, newId('call'), { toneHz: 440 });
    await first.signal('SIGKILL');
    await eventually('no party is taken', async () => {
      const made = await media.createEndpoint({ callId: newId('call'), profile: 'rtp' }).catch(() => undefined);
      if (made?.kind === 'created') await made.endpoint.close();
      return made === undefined;
    });
    await first.start();
    await eventually('parties are taken', async () => {
      const made = await media.createEndpoint({ callId: newId('call'), profile: 'rtp' }).catch(() => undefined);
      return made?.kind === 'created';
    });
    test.match(await one.endpoint.answerOffer(one.party.sdp({ direction: 'sendonly' })), { kind: 'ok' });
  });
}
