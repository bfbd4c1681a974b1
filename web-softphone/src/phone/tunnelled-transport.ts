// The WebSocket of sip.js, as the SIP server sees it.

import { Transport } from 'sip.js/lib/platform/web';

/**
 * The node ends TLS and passes the WebSocket on: what reaches the SIP server is WS (RFC 7118 §5.2) also where the page is of https.
 * sip.js would write WSS into Via by the address alone, and drachtio-server drops a request whose Via names another transport than
 * the one it came by.
 */
export class TunnelledTransport extends Transport {
  override get protocol(): string {
    return 'WS';
  }
}
