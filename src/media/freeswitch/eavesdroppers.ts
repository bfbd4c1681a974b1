// Supervisors with two who stay bridged: FreeSWITCH's eavesdrop, a tap of one party's channel (the target) that hears both directions and
// may speak into either. Nothing is done to the bridge, so neither of the two hears anything of it (docs/decisions/0100).
//
// Taps of one channel stand in line: each hears what those before it have said, and nothing of those behind it. So who speaks to both
// stands first and who speaks to the target alone stands last, and there can be one of each; more are for a mixed room.

import { AppError } from '../../shared/errors.ts';
import type { ConferenceMember } from '../media-server.ts';
import type { Room } from './company.ts';
import type { FreeswitchEndpoint } from './freeswitch-endpoint.ts';

/** Whom a supervisor speaks to, as FreeSWITCH calls it. */
const voices = { nobody: '0', partner: '1', target: '2', both: '3' } as const;
type Voice = (typeof voices)[keyof typeof voices];

interface Ear {
  endpoint: FreeswitchEndpoint;
  voice: Voice;
}

export interface EavesdropPlan {
  pair: readonly [FreeswitchEndpoint, FreeswitchEndpoint];
  target: FreeswitchEndpoint;
  /** In their order. */
  ears: readonly Ear[];
}

const beginLimitMs = 3000;

/** Undefined when two of the members are not bridged with each other, or when the others want what eavesdropping cannot do. */
export function planEavesdropping(
  members: ReadonlyMap<FreeswitchEndpoint, ConferenceMember>,
): EavesdropPlan | undefined {
  const pair = [...members.keys()].filter((one) => one.company.partner && members.has(one.company.partner));
  const [one, other] = pair;
  if (!one || !other || one.company.partner !== other || pair.some((each) => isRestrained(members.get(each))))
    return undefined;
  const listen: FreeswitchEndpoint[] = [];
  const whisper: { endpoint: FreeswitchEndpoint; to: FreeswitchEndpoint }[] = [];
  const barge: FreeswitchEndpoint[] = [];
  for (const [endpoint, { muted, heardBy }] of members) {
    if (pair.includes(endpoint)) continue;
    const to = pair.find((each) => heardBy?.includes(each));
    if (muted) listen.push(endpoint);
    else if (!heardBy) barge.push(endpoint);
    else if (to && heardBy.length === 1) whisper.push({ endpoint, to });
    else return undefined;
  }
  if (whisper.length > 1 || barge.length > 1) return undefined;
  // What is said to both is to be recorded as what a recorded party hears, not as what it says.
  const target = whisper[0]?.to ?? (other.tapped && !one.tapped ? one : other);
  const speakers = [...barge, ...whisper.map(({ endpoint }) => endpoint)];
  // FreeSWITCH does not change the rate of what is said.
  if (speakers.some((each) => each.clockRateHz > target.clockRateHz)) return undefined;
  const ear =
    (voice: Voice) =>
    (endpoint: FreeswitchEndpoint): Ear => ({ endpoint, voice });
  const ears = [
    ...barge.map(ear(voices.both)),
    ...listen.map(ear(voices.nobody)),
    ...whisper.map(({ endpoint }) => ear(voices.target)(endpoint)),
  ];
  return { pair: [one, other], target, ears };
}

const isRestrained = (wish: ConferenceMember | undefined): boolean => Boolean(wish?.muted || wish?.heardBy);

export class Eavesdroppers {
  readonly pair: EavesdropPlan['pair'];
  private readonly room: Room;
  private target: FreeswitchEndpoint;
  private ears: Ear[] = [];

  constructor({ pair, target }: EavesdropPlan, room: Room) {
    this.pair = pair;
    this.target = target;
    this.room = room;
    for (const each of pair) each.company.room = room;
  }

  has(one: FreeswitchEndpoint): boolean {
    return this.pair.includes(one) || this.ears.some(({ endpoint }) => endpoint === one);
  }

  async carryOut({ target, ears }: EavesdropPlan): Promise<void> {
    const moved = ears.findIndex((ear, at) => ear.endpoint !== this.ears[at]?.endpoint);
    const stay = target === this.target ? (moved === -1 ? ears.length : moved) : 0;
    for (const { endpoint } of this.ears.slice(stay)) await this.stop(endpoint);
    this.target = target;
    for (const [at, { endpoint, voice }] of ears.slice(0, stay).entries()) {
      if (this.ears[at]!.voice === voice) continue;
      await endpoint.channel.tell({ 'eavesdrop-command': voice });
      this.ears[at]!.voice = voice;
    }
    for (const ear of ears.slice(stay)) await this.start(ear);
  }

  /** Something was silenced on this channel: that works upon those alone who stand behind it. */
  async silenced(one: FreeswitchEndpoint): Promise<void> {
    if (one !== this.target) return;
    const ears = [...this.ears];
    for (const { endpoint } of ears) await this.stop(endpoint);
    for (const ear of ears) if (ear.endpoint.channel.live) await this.start(ear);
  }

  /** The two stay bridged. */
  async end(): Promise<void> {
    for (const each of this.pair) if (each.company.room === this.room) each.company.room = undefined;
    for (const { endpoint } of [...this.ears]) await this.stop(endpoint);
  }

  /** It was taken elsewhere. */
  forget(one: FreeswitchEndpoint): void {
    this.ears = this.ears.filter(({ endpoint }) => endpoint !== one);
  }

  private async start({ endpoint, voice }: Ear): Promise<void> {
    const { channel } = endpoint;
    await endpoint.company.inTurn([], async () => {
      await endpoint.company.leave();
      const [partner, target] = [voices.partner, voices.target].map((to) => voice === to || voice === voices.both);
      const variables = `eavesdrop_enable_dtmf=false;eavesdrop_whisper_aleg=${partner};eavesdrop_whisper_bleg=${target}`;
      await channel.order('uuid_setvar_multi', variables);
      const begun = this.target.channel.until(
        (event) => event.name === 'MEDIA_BUG_START' && event.header('Media-Bug-Function') === 'eavesdrop',
        beginLimitMs,
      );
      await channel.execute('eavesdrop', this.target.channel.uuid);
      if (!(await begun)) throw new AppError('internal', 'FreeSWITCH has not let a supervisor listen in time');
    });
    endpoint.company.room = this.room;
    this.ears.push({ endpoint, voice });
  }

  private async stop(endpoint: FreeswitchEndpoint): Promise<void> {
    this.forget(endpoint);
    endpoint.company.room = undefined;
    if (endpoint.channel.live) await endpoint.company.inTurn([], () => endpoint.company.park());
  }
}
