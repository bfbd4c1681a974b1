// A PBX's own dial plan for media-bridge.ts: FreeSWITCH or Asterisk without an application. The customer calls the extension
// `9<port>`, which the dial plan must bridge to `sip:bench@127.0.0.1:<port>` with the audio through the PBX (no direct media):
//   FreeSWITCH  <condition field="destination_number" expression="^9(\d+)$">
//                 <action application="bridge" data="sofia/PROFILE/bench@127.0.0.1:$1"/></condition>
//   Asterisk    exten => _9X.,1,Dial(SIP/bench@127.0.0.1:${EXTEN:1})        and directmedia=no, disallow=all, allow=ulaw
// Says nothing of browsers and recording: what a dial plan does there differs too much to be compared.

import type { Socket } from 'node:dgram';
import { boundSocket, Caller } from './caller.ts';
import type { BenchMedia } from './media-makers.ts';
import { pidListening } from './processes.ts';

export interface DialPlanAddress {
  sip: { host: string; port: number };
  pid: number;
}

/** Where `ENGAWA_BENCH_<name>_SIP` says it is, or why there is none to measure. */
export function dialPlanAddress(name: 'FREESWITCH' | 'ASTERISK'): DialPlanAddress | string {
  const variable = `ENGAWA_BENCH_${name}_SIP`;
  const text = process.env[variable];
  if (!text) return `${variable}=host:port is not set`;
  const [host, port] = text.split(':');
  const pid = Number(process.env[`ENGAWA_BENCH_${name}_PID`] ?? pidListening(Number(port), 'udp'));
  if (!pid) return `no process of this machine is seen at UDP port ${port}; set ENGAWA_BENCH_${name}_PID`;
  return { sip: { host: host!, port: Number(port ?? 5060) }, pid };
}

const bodyOf = (message: string) => message.slice(message.indexOf('\r\n\r\n') + 4);

const tagOf = (message: string) => /^To:.*;tag=([^;\s]+)/im.exec(message)?.[1] ?? '';

/** Answers whatever comes with 200, an INVITE with `sdp`, and gives the SDP that the first INVITE offered. */
function answerCalls(socket: Socket, sdp: string): Promise<string> {
  return new Promise((resolve) => {
    socket.on('message', (bytes, from) => {
      const request = bytes.toString();
      // Undefined for what is not a request, such as a late packet for the one who had this port before.
      const method = /^[A-Z]+(?= sip:)/.exec(request)?.[0];
      if (method === undefined || method === 'ACK') return;
      const copied = request
        .split('\r\n')
        .filter((line) => /^(via|from|call-id|cseq|record-route):/i.test(line))
        .join('\r\n');
      const to = /^To:.*$/im.exec(request)?.[0] ?? '';
      const body = method === 'INVITE' ? sdp : '';
      const head = `SIP/2.0 200 OK\r\n${copied}\r\n${to}${/;tag=/.test(to) ? '' : ';tag=bench'}\r\n`;
      const contact = `Contact: <sip:bench@127.0.0.1:${socket.address().port}>\r\n`;
      const type = body === '' ? '' : 'Content-Type: application/sdp\r\n';
      socket.send(
        `${head}${contact}${type}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        from.port,
        from.address,
      );
      if (method === 'INVITE') resolve(bodyOf(request));
    });
  });
}

export async function dialPlanMedia(address: DialPlanAddress): Promise<BenchMedia> {
  const undo: (() => unknown)[] = [];
  return {
    pid: address.pid,
    takesTrickle: false,
    connect: () => Promise.reject(new Error('a dial plan joins two parties; it has no endpoints')),
    async join(customerSdp, agentSdp) {
      const [agent, customer] = [await boundSocket(), await boundSocket()];
      undo.push(
        () => agent.close(),
        () => customer.close(),
      );
      const offered = answerCalls(agent, agentSdp);
      const caller = new Caller(customer, address.sip, `9${agent.address().port}`);
      const final = caller.heard(/^SIP\/2\.0 [2-6]/);
      caller.send('INVITE', 1, '', customerSdp);
      const response = await final;
      if (!response.startsWith('SIP/2.0 200')) throw new Error(`the PBX refuses: ${response.split('\r\n')[0]}`);
      caller.send('ACK', 1, tagOf(response));
      undo.unshift(async () => {
        const ended = caller.heard(/CSeq: 2 BYE/i);
        caller.send('BYE', 2, tagOf(response));
        await ended;
      });
      return { customer: bodyOf(response), agent: await offered };
    },
    async close() {
      for (const each of undo.splice(0)) await each();
    },
  };
}
