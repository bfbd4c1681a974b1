// Draws attention to a call: the ring, the title of the tab, and a notification of the system where that is allowed.
// Says the reason's kind only in the page: a notification may show on a locked screen, so it carries no word about the call.

import type { Sounds } from '../phone/sounds.ts';

export interface Alert {
  ring(call: { id: string }): void;
  quiet(): void;
}

const blinkMs = 1000;

export function createAlert(sounds: Sounds, titleWhenRinging: () => string): Alert {
  let ringing: string | undefined;
  let blinking: ReturnType<typeof setInterval> | undefined;
  let notification: Notification | undefined;
  let title = '';

  function quiet(): void {
    if (ringing === undefined) return;
    ringing = undefined;
    sounds.stopRinging();
    clearInterval(blinking);
    document.title = title;
    notification?.close();
    notification = undefined;
  }

  return {
    quiet,
    ring({ id }) {
      if (ringing === id) return;
      quiet();
      ringing = id;
      title = document.title;
      sounds.ring();
      document.title = titleWhenRinging();
      blinking = setInterval(() => {
        document.title = document.title === title ? titleWhenRinging() : title;
      }, blinkMs);
      if ('Notification' in window && Notification.permission === 'granted' && !document.hasFocus()) {
        notification = new Notification(titleWhenRinging(), { tag: 'engawa-call', requireInteraction: true });
        notification.onclick = () => window.focus();
      }
    },
  };
}
