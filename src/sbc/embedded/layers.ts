// The seams inside our SIP server: transports below, transactions in the middle, the control protocol above.
//   transport/  bytes ↔ messages, connections           (RFC 3261 §18, 3581, 7118)
//   transaction/ the transaction layer, owning timers   (RFC 3261 §17, RFC 6026)
//   control/    the drachtio control protocol and what sofia does for drachtio-server: dialogs, CANCEL, PRACK, proxying

import type { SipRequest, SipResponse } from '../../protocol/sip/message.ts';

export type TransportProtocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** Where a message goes to, or came from. `connectionId` names a TCP, TLS or WebSocket connection to reuse. */
export interface Flow {
  protocol: TransportProtocol;
  address: string;
  port: number;
  localAddress: string;
  localPort: number;
  connectionId?: string;
}

/** Where to send: resolved by RFC 3263 when `host` is a name. `connectionId` wins while that connection is alive. */
export interface Target {
  protocol?: TransportProtocol;
  host: string;
  port?: number;
  connectionId?: string;
  /** For TLS: the name to verify. */
  serverName?: string;
}

/** A request that came in, as the transaction user sees it. */
export interface ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  /** The request's bytes with `received` and `rport` filled in the top Via, as text. */
  readonly text: string;
  readonly flow: Flow;
  readonly receivedAtMs: number;
  /**
   * Sends a response, retransmitted as the RFC asks; the 2xx to an INVITE too, until its ACK is there. Via, From, Call-ID
   * and CSeq are the caller's to copy: `makeResponse` does. What comes after a final response is ignored.
   * `once`: a 2xx that another element retransmits (a proxy passing it on). `text`: the response as `serializeText` gives it,
   * from a caller that needs it anyway.
   */
  respond(response: SipResponse, options?: { once?: boolean; text?: string }): void;
  /** Final response sent and acknowledged, timed out, or the transport failed. */
  onEnd(listener: (why: 'done' | 'timeout' | 'transport') => void): void;
  readonly finalStatus: number | undefined;
}

export interface ClientTransaction {
  readonly id: string;
  readonly request: SipRequest;
  /** The flow used; undefined until the target is resolved. */
  readonly flow: Flow | undefined;
  /** INVITE only: sends CANCEL now, or as soon as a provisional response is there (RFC 3261 §9.1). */
  cancel(extraHeaders?: { name: string; value: string }[]): void;
}

export interface ClientTransactionHandlers {
  /** Every response but 100; 2xx to INVITE also when retransmitted or forked. */
  response(response: SipResponse, text: string, flow: Flow): void;
  /** No answer (timer B or F), no route (DNS), or the transport failed. */
  failed(why: 'timeout' | 'dns' | 'transport'): void;
  /**
   * Just before it goes out, when the flow is known: the last moment to put our own address into Contact or Record-Route.
   * May change the headers of the request it is given (a copy, with our Via on top). Again for every address tried.
   */
  prepare?(request: SipRequest, flow: Flow): void;
  /** The request as it went out (Via filled in), once known. Before any response. */
  sent?(request: SipRequest, text: string, flow: Flow): void;
}

export interface TransactionLayer {
  /** Requests that start a transaction, except ACK and CANCEL. Retransmissions never get here. */
  onRequest(handler: (transaction: ServerTransaction) => void): void;
  /** ACK to a 2xx (it matches no transaction). ACK to other finals is absorbed. */
  onAck(handler: (ack: SipRequest, text: string, flow: Flow) => void): void;
  /** CANCEL and the INVITE transaction it matches, if any. The layer has not answered either. */
  onCancel(handler: (cancel: ServerTransaction, invite: ServerTransaction | undefined) => void): void;
  request(request: SipRequest, target: Target, handlers: ClientTransactionHandlers): ClientTransaction;
  /** Sends without a transaction: ACK to a 2xx, and a response or request of a stateless proxy. */
  send(message: SipRequest | SipResponse, target: Target): Promise<Flow>;
  onConnectionClosed(handler: (connectionId: string) => void): void;
  /** Whether a request with a To tag, from a source we do not know, is of a dialog of ours. Without it none is. */
  onStranger?(
    belongs: (request: SipRequest, callId: string, toTag: string, fromTag: string | undefined) => boolean,
  ): void;
  readonly listening: readonly Flow[];
  /** What became of every message that arrived, and more; see transaction/counters.ts. */
  readonly counters: Readonly<Record<string, number>>;
  /** Transactions alive at the moment, those that only absorb retransmissions included. */
  readonly live?: { readonly server: number; readonly client: number };
  close(): Promise<void>;
}
