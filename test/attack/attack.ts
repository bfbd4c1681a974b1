// What an attack of the lab is: how it is told in the table, at which rate it is made, and what it says became of it. Attacks run in a
// process of their own (attacker-program.ts), from addresses of loopback that no trunk has, unless they say otherwise.

export interface Targets {
  sip: { host: string; port: number };
  /** SIP over TCP; 0 where it is not ours to open. */
  sipTcpPort: number;
  url: string;
  /** Of the call that goes on: where the carrier's RTP goes, where the desk's browser has its audio and by which ICE name. */
  rtpPort: number;
  webrtcPort: number;
  iceName: string;
  /** A number of the company, as dialled. */
  number: string;
  /** The person at the desk of the call that goes on; somebody else who may sign in, for attacks from inside. */
  agentId: string;
  insider: { login: string; password: string };
}

export interface Outcome {
  sent: number;
  /** Anything that came back, in messages. */
  answered: number;
  /** What the attack wanted and got: calls, bindings, sessions, packets heard. Must be 0. */
  gotIn: number;
  note?: string;
}

export interface RunningAttack {
  /** Makes one attack message, or opens one connection. */
  once(): void | Promise<void>;
  stop(): Outcome | Promise<Outcome>;
}

export interface Attack {
  name: string;
  /** In the words of the table. */
  sends: string;
  perSecond: number;
  start(targets: Targets): RunningAttack | Promise<RunningAttack>;
}

/** An address of loopback that nobody else uses; `of` of them in turn. */
export const strangerAddress = (index: number): string => `127.66.${(index >> 8) & 255}.${index & 255 || 1}`;
