// Icons, drawn here: 24 × 24, strokes in the colour of the text. Always beside a word, so hidden from screen readers.

const paths = {
  home: 'M4 11.5 12 5l8 6.5M6 10v9h12v-9M10 19v-5h4v5',
  building: 'M5 20V5h9v15M14 9h5v11M3 20h18M8 8.5h3M8 12h3M8 15.5h3',
  phone: 'M6 4h3l1.5 4.5L8.5 10a10 10 0 0 0 5.5 5.5l1.5-2L20 15v3a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z',
  hangUp: 'M3 14c5-5 13-5 18 0l-2.5 2.5-4-1.8v-2.4a12 12 0 0 0-5 0v2.4l-4 1.8z',
  microphone:
    'M12 4a2.5 2.5 0 0 1 2.5 2.5v5a2.5 2.5 0 0 1-5 0v-5A2.5 2.5 0 0 1 12 4zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3M9 20h6',
  microphoneOff:
    'M4 4l16 16M9.5 9.5v2a2.5 2.5 0 0 0 4 2M14.500 10V6.500a2.500 2.500 0 0 0-4.900-.7M6.500 11.500a5.500 5.500 0 0 0 8.500 4.600M17.500 11.500a5.400 5.400 0 0 1-.5 2.300M12 17v3M9 20h6',
  pause: 'M9 6v12M15 6v12',
  play: 'M8 5.5v13l10-6.5z',
  keypad: 'M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01',
  transfer: 'M4 8h13M13 4l4 4-4 4M20 16H7M11 12l-4 4 4 4',
  check: 'M5 12.5l4.5 4.500L19 7.500',
  leaf: 'M5 19c0-9 5-14 14-14 0 9-5 14-14 14zM5 19l7-7',
  person: 'M12 12a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM5 20c.5-4 3-6 7-6s6.500 2 7 6',
  shield: 'M12 4l7 2.500V12c0 4-3 7-7 8.500C8 19 5 16 5 12V6.500zM12 9v4M12 16h.01',
  record: 'M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10z',
  speaker: 'M5 9.500v5h3l4 3.500V6L8 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10.500 20.500h3',
  signal: 'M5 19v-4M10 19v-8M15 19V8M20 19V4',
  down: 'M7 10l5 5 5-5',
  incoming: 'M18 6L7 17M7 9v8h8',
  outgoing: 'M6 18L17 7M9 7h8v8',
  warning: 'M12 4.500 21 19H3zM12 10v4M12 16.500h.01',
  close: 'M6 6l12 12M18 6L6 18',
  keyboard: 'M3 7h18v10H3zM7 10.500h.01M11 10.500h.01M15 10.500h.01M17.500 10.500h.01M8 14h8',
  cup: 'M5 9h11v5a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 10.500h1.500a2 2 0 0 1 0 4.500H16M8 3.500v2M12 3.500v2',
  sprout: 'M12 20v-8M12 12c0-4-3-6-7-6 0 4 3 6 7 6zM12 14c0-3 2.500-5 6-5 0 3-2.500 5-6 5z',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  hand: 'M8 12.500V6.500a1.500 1.500 0 0 1 3 0V11M11 11V5a1.500 1.500 0 0 1 3 0v6M14 11V6.500a1.500 1.500 0 0 1 3 0V14a6 6 0 0 1-6 6c-3 0-4.500-1.500-6-4l-1.300-2.300a1.400 1.400 0 0 1 2.400-1.400L8 14.500z',
  wave: 'M4 12h2l2-6 4 12 3-9 2 3h3',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" data-icon={name} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
