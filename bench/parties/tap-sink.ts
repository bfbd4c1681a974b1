// Takes what a media server taps and throws it away: what handing audio to a recorder costs, without the recorder.

import { WebSocketServer } from 'ws';
import { answerParent } from '../processes.ts';

// Since they were last asked for.
let bytes = 0;
let taps = 0;

answerParent((request: 'start' | 'counts') => {
  if (request === 'counts') {
    const since = { bytes, taps };
    bytes = 0;
    taps = 0;
    return since;
  }
  return new Promise((resolve) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'audio.drachtio.org' });
    server.on('connection', (socket) => {
      taps++;
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) bytes += data.length;
      });
    });
    server.on('listening', () => resolve({ port: (server.address() as { port: number }).port }));
  });
});
