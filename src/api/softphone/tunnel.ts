// One softphone's way to the SIP server: a browser's socket and one of ours, piped both ways with back-pressure. The border
// knows by our end's address who is behind it.
//
//   connecting  our connection is being made
//   upgrading   admitted at the border; the SIP server is answering the WebSocket handshake
//   open        bytes flow; the browser's frames are counted
//   closed      both sockets are gone and the admission is undone; reached from everywhere, once

import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logger.ts';
import { closeFrame, createFrameMeter, type FrameFault, type FrameLimits } from './frame-meter.ts';
import { createAnswerReader, refuseUpgrade, requestForSipServer } from './raw-http.ts';

export interface Tunnel {
  close(because: string): void;
  /** When the browser last sent something. */
  readonly heardAt: number;
}

export interface TunnelNeeds {
  browser: Socket;
  /** What the browser sent behind its request. */
  head: Buffer;
  request: IncomingMessage;
  target: { host: string; port: number };
  admit: (peer: string) => () => void;
  frames: FrameLimits;
  upgradeTimeoutMs: number;
  clock: Clock;
  log: Logger;
  onClose: () => void;
}

const closeFrameMayTakeMs = 1000;

export function openTunnel(needs: TunnelNeeds): Tunnel {
  const { browser, target, clock, log } = needs;
  const server = connect(target.port, target.host);
  const meter = createFrameMeter(needs.frames);
  let state: 'connecting' | 'upgrading' | 'open' | 'closed' = 'connecting';
  let undoAdmission = () => {};
  let heardAt = clock.now();
  const upgradeTimer = setTimeout(() => fail(504, 'The SIP server does not answer.'), needs.upgradeTimeoutMs);

  function close(because: string, { tellsBrowser = false } = {}): void {
    if (state === 'closed') return;
    state = 'closed';
    clearTimeout(upgradeTimer);
    server.destroy();
    if (!tellsBrowser) browser.destroy();
    undoAdmission();
    needs.onClose();
    log.debug({ because }, 'a softphone connection ended');
  }

  /** Before the handshake is over the browser still understands HTTP. */
  function fail(status: number, detail: string): void {
    if (state === 'closed' || state === 'open') return;
    log.warn({ status }, 'a softphone could not be connected to the SIP server');
    close(detail, { tellsBrowser: true });
    refuseUpgrade(browser, status, detail);
  }

  function breakOff(fault: FrameFault): void {
    log.warn({ status: fault.status, because: fault.because }, 'a softphone was cut off');
    close(fault.because, { tellsBrowser: true });
    browser.end(closeFrame(fault));
    setTimeout(() => browser.destroy(), closeFrameMayTakeMs).unref();
  }

  function fromBrowser(bytes: Buffer): void {
    if (state !== 'open') return;
    heardAt = clock.now();
    const fault = meter.see(bytes, heardAt);
    if (fault) breakOff(fault);
    else if (!server.write(bytes)) browser.pause();
  }

  function open(head: string, rest: Buffer): void {
    state = 'open';
    clearTimeout(upgradeTimer);
    browser.setNoDelay(true);
    browser.setTimeout(0);
    browser.write(head);
    if (rest.length > 0) browser.write(rest);
    server.on('drain', () => browser.resume());
    server.pipe(browser, { end: false });
    browser.on('data', fromBrowser);
    if (needs.head.length > 0) fromBrowser(needs.head);
  }

  const answer = createAnswerReader();
  const onAnswer = (bytes: Buffer) => {
    const result = answer.see(bytes);
    if (!result) return;
    server.off('data', onAnswer);
    if (result.kind === 'switched') open(result.head, result.rest);
    else fail(502, 'The SIP server does not take softphones.');
  };

  server.setNoDelay(true);
  server.once('connect', () => {
    if (state !== 'connecting') return;
    state = 'upgrading';
    undoAdmission = needs.admit(`${server.localAddress}:${server.localPort}`);
    server.write(requestForSipServer(needs.request, target));
  });
  server.on('data', onAnswer);
  server.on('error', (error) => {
    log.debug({ err: error }, 'the connection to the SIP server failed');
    fail(502, 'The SIP server does not answer.');
  });
  server.on('close', () => {
    fail(502, 'The SIP server does not answer.');
    close('the SIP server closed it');
  });
  browser.on('error', (error) => log.debug({ err: error }, 'a browser’s connection failed'));
  browser.on('end', () => close('the browser closed it'));
  browser.on('close', () => close('the browser is gone'));

  return {
    close(because) {
      if (state === 'connecting' || state === 'upgrading') fail(503, because);
      else close(because);
    },
    get heardAt() {
      return heardAt;
    },
  };
}
