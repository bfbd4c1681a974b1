// Plays what comes from the line, on the speaker that was chosen. Says when the browser refuses to play without a click.

export interface LineAudio {
  play(callId: string, connection: RTCPeerConnection): void;
  stop(): void;
  setSpeaker(speakerId: string | undefined): Promise<void>;
  resume(): Promise<void>;
}

export function playRemote(onBlocked: (callId: string) => void): LineAudio {
  const audio = new Audio();
  audio.autoplay = true;
  return {
    play(callId, connection) {
      audio.srcObject = new MediaStream(connection.getReceivers().map((receiver) => receiver.track));
      audio.play().catch((thrown: DOMException) => {
        // AbortError: another line took its place in the meantime.
        if (thrown.name === 'NotAllowedError') onBlocked(callId);
      });
    },
    stop() {
      audio.srcObject = null;
    },
    async setSpeaker(speakerId) {
      if (!('setSinkId' in audio)) return;
      // A speaker that is gone: the browser's default is better than silence.
      await audio.setSinkId(speakerId ?? '').catch(() => audio.setSinkId(''));
    },
    resume: () => audio.play(),
  };
}
