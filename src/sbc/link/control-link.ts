// A control link to a SIP server, as the rest of the border sees it. Two makers: dialled-link.ts (we dial and dial again) and
// accepted-links.ts (the server dials us, one connection per request). link-core.ts is what they share.
// What was in flight is failed when the connection goes, every request has a time limit, and nothing throws through.
// Handlers run synchronously with the message: a 200, its ACK and a BYE may share one TCP segment.

import { asError } from '../../shared/errors.ts';
import type {
  Acknowledge,
  IncomingRequest,
  IncomingResponse,
  OutgoingResponse,
  RequestOptions,
  ResponseOptions,
  SentRequest,
  SrfMessage,
} from './srf-types.ts';

/** One of the addresses where the SIP server listens for SIP. */
export interface SipAddress {
  protocol: string;
  host: string;
  port: number;
}

/** Why no final response will come. `timeout`: the server took the request and nothing came of it. */
export type RequestFailure = 'not-sent' | 'refused-by-server' | 'no-echo' | 'link-lost' | 'timeout';

/** The failures that say nothing about the far end: our own SIP server did not do its part. */
export const isServersFault = (because: RequestFailure): boolean =>
  because === 'not-sent' || because === 'no-echo' || because === 'link-lost';

export interface RequestHandlers {
  /** The request as it went out. Not called when `failed` is. */
  sent?(request: SentRequest): void;
  response(response: IncomingResponse, ack: Acknowledge): void;
  /** No final response will come. */
  failed(because: RequestFailure): void;
  /** An UPDATE that arrived while this request was open. */
  update?(request: IncomingRequest, response: OutgoingResponse): void;
}

export type DialogHandler = (request: IncomingRequest, response: OutgoingResponse) => void;

export interface ControlLink {
  /** The SIP server's name, the same on every node. */
  readonly server: string;
  readonly up: boolean;
  /** Up, and nothing that we asked of it is overdue. New calls prefer such a one. */
  readonly healthy: boolean;
  readonly because: string;
  /** Where the server listens for SIP; empty until connected. */
  readonly sipAddresses: readonly SipAddress[];
  request(options: RequestOptions, handlers: RequestHandlers): void;
  /** Requests of this dialog go to `handler` from now on. Returns what undoes it. */
  bindDialog(dialogId: string, handler: DialogHandler): () => void;
  /** Asks the server to drop a dialog without a word to the far end. Absent where the server cannot, and need not, be asked. */
  forgetDialog?(dialogId: string): void;
  /** Told when the connection goes: its dialogs are then lost to us, on any SIP server. Returns what undoes it. */
  onDown(listener: () => void): () => void;
}

/** No server at all: where a dialog is that nobody has taken up yet. */
export const noLink: ControlLink = {
  server: '',
  up: false,
  healthy: false,
  because: 'no SIP server has it',
  sipAddresses: [],
  request: (_options, handlers) => queueMicrotask(() => handlers.failed('not-sent')),
  bindDialog: () => () => {},
  onDown: () => () => {},
};

/** `udp/127.0.0.1:5060,ws/127.0.0.1:5066` */
export function parseHostports(text: string): SipAddress[] {
  return text.split(',').flatMap((one) => {
    const match = /^(\w+)\/(.+):(\d+)$/.exec(one.trim());
    return match ? [{ protocol: match[1]!.toLowerCase(), host: match[2]!, port: Number(match[3]) }] : [];
  });
}

/** Sends a response; what the library or the server has against it goes to `sent`. Never throws. */
export function respond(
  response: OutgoingResponse,
  status: number,
  options: ResponseOptions = {},
  sent: (error: Error | undefined, message?: SrfMessage) => void = () => {},
): void {
  try {
    response.send(status, undefined, options, (error, message) => sent(error ? asError(error) : undefined, message));
  } catch (thrown) {
    sent(asError(thrown));
  }
}
