// The view from the veranda: moon, hills, a pine, posts and boards. For the eye only.

export function Scene({ className }: { className: string }) {
  return (
    <svg
      className={`scene ${className}`}
      viewBox="0 0 640 280"
      preserveAspectRatio="xMidYMax slice"
      aria-hidden="true"
      focusable="false"
    >
      <rect className="scene-sky" width="640" height="280" />
      <circle className="scene-moon" cx="452" cy="78" r="34" />
      <path className="scene-mist" d="M0 150h260M330 132h310M120 118h180" />
      <path className="scene-far" d="M0 190c80-54 150-66 226-30 60-46 140-60 214-8 70-34 130-32 200 6v60H0z" />
      <path className="scene-near" d="M0 222c90-26 180-30 270-8 110-30 240-24 370 0v40H0z" />
      <g className="scene-pine">
        <path d="M150 226c4-34-6-56 8-84l6 2c-8 26 2 48 0 82z" />
        <ellipse cx="166" cy="140" rx="46" ry="13" />
        <ellipse cx="132" cy="162" rx="40" ry="11" />
        <ellipse cx="186" cy="178" rx="36" ry="10" />
      </g>
      <g className="scene-bell">
        <path className="scene-thread" d="M556 18v22M556 66v34" />
        <path d="M540 60a16 20 0 0 1 32 0z" />
        <path className="scene-slip" d="M548 100h16v34h-16z" />
      </g>
      <g className="scene-wood">
        <path d="M0 0h640v18H0z" />
        <path d="M40 18h16v214H40zM600 18h16v214h-16z" />
        <path d="M0 232h640v48H0z" />
      </g>
      <path className="scene-boards" d="M0 246h640M0 262h640M110 232v14M330 246v16M520 232v14M210 262v18M440 262v18" />
    </svg>
  );
}
