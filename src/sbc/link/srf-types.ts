// What we use of drachtio-srf, as it behaves (its own declarations leave half of it out).
// Only link/srf-connection.ts imports the library itself.

export interface SrfMessage {
  /** All instances of a header, joined by commas; undefined when there is none. */
  get(name: string): string | undefined;
  has(name: string): boolean;
  readonly body: string | undefined;
}

export interface IncomingRequest extends SrfMessage {
  readonly method: string;
  readonly uri: string;
  /** `application` for a BYE that the SIP server made itself (session timer, ACK time-out, CANCEL race). */
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly stackTxnId: string;
  readonly stackDialogId: string;
  /** `address:port` the request came in on. */
  readonly receivedOn?: string;
  /** The SIP server that the request came through; `hostport` lists its addresses as its greeting does. */
  readonly server?: { readonly hostport: string | null };
  on(event: 'cancel', listener: (cancel: SrfMessage) => void): unknown;
  on(event: 'update', listener: (request: IncomingRequest, response: OutgoingResponse) => void): unknown;
}

export interface ResponseOptions {
  headers?: Record<string, string>;
  body?: string;
}

export interface OutgoingResponse {
  send(
    status: number,
    reason: string | undefined,
    options: ResponseOptions,
    sent?: (error: unknown, message?: SrfMessage) => void,
  ): void;
  /** Known once the response was sent, from the server's echo. */
  readonly stackDialogId: string | undefined;
  readonly finalResponseSent: boolean;
  /** Told after a final response was handed to the SIP server. */
  once(event: 'finish', listener: () => void): unknown;
}

export interface IncomingResponse extends SrfMessage {
  readonly status: number;
  readonly reason: string;
  readonly stackDialogId: string;
  readonly source_address: string;
  readonly source_port: number;
}

/** Sends ACK for a 2xx, PRACK for a reliable 1xx, and nothing otherwise. */
export type Acknowledge = (options?: { body?: string; headers?: Record<string, string> }) => void;

export interface SentRequest extends SrfMessage {
  readonly method: string;
  readonly uri: string;
  on(event: 'response', listener: (response: IncomingResponse, ack: Acknowledge) => void): unknown;
  on(event: 'update', listener: (request: IncomingRequest, response: OutgoingResponse) => void): unknown;
  cancel(options: { headers?: Record<string, string> }, sent: (error: unknown) => void): void;
}

export interface RequestOptions {
  method: string;
  /** Left out inside a dialog: the remote target. */
  uri?: string;
  headers?: Record<string, string>;
  body?: string;
  /** The next hop, when it is not the host of `uri`. */
  proxy?: string;
  stackDialogId?: string;
}
