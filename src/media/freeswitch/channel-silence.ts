// What of one channel is not heard: nothing of the party while it is muted, keys secretly, or shall not send; nothing
// reaches it while it shall not be sent to (RFC 3264 §5.1). FreeSWITCH's uuid_audio, told only what changes.

import type { Direction } from '../../protocol/sdp/attributes.ts';
import type { Channel } from './channel.ts';

export class ChannelSilence {
  muted = false;
  digitsAudible = true;
  private readonly channel: Channel;
  private readonly direction: () => Direction;
  private done = { read: false, write: false };

  /** `direction`: ours, as agreed now. */
  constructor(channel: Channel, direction: () => Direction) {
    this.channel = channel;
    this.direction = direction;
  }

  /** Brings FreeSWITCH to what is so now. */
  async apply(): Promise<void> {
    const direction = this.direction();
    const receives = direction === 'sendrecv' || direction === 'recvonly';
    const read = this.muted || !receives || !this.digitsAudible;
    const write = direction === 'recvonly';
    const before = this.done;
    if (read === before.read && write === before.write) return;
    this.done = { read, write };
    if (!read && !write) {
      await this.channel.order('uuid_audio', 'stop');
      return;
    }
    if (read !== before.read) await this.channel.order('uuid_audio', `start read mute ${read ? 1 : 0}`);
    if (write !== before.write) await this.channel.order('uuid_audio', `start write mute ${write ? 1 : 0}`);
  }
}
