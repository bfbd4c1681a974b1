// The view from the veranda: a post, the moon over hills, a pine, a wind bell, boards. For the eye only.

export function Scene({ className }: { className: string }) {
  return (
    <svg
      className={`scene ${className}`}
      viewBox="0 0 480 270"
      preserveAspectRatio="xMidYMax slice"
      aria-hidden="true"
      focusable="false"
    >
      <rect className="scene-sky" x="-400" y="-200" width="1280" height="470" />
      <circle className="scene-moon" cx="318" cy="92" r="27" />
      <path className="scene-mist" d="M-20 150h140M246 138h150M60 128h70M420 158h120" />
      <path
        className="scene-far"
        d="M-400 206c90-30 190-52 290-30 50-46 150-58 214-14 60-28 116-20 166 8 60-40 140-42 196-6 90-24 250-20 414 26v40h-1280z"
      />
      <path
        className="scene-near"
        d="M-400 226c160-34 300-40 470-8 120-24 260-34 380-6 140-26 300-18 430 8v30h-1280z"
      />
      <g className="scene-pine">
        <path d="M128 232c6-22-7-38 2-58 3-8 10-13 12-24l6 2c-1 14-9 18-11 28-5 20 6 32 1 52z" />
        <path d="M100 156c4-12 22-17 38-12 12-9 34-7 40 5 8 2 12 9 7 13-22 6-62 6-82 2-5-2-6-5-3-8z" />
        <path d="M84 182c5-9 20-12 32-8 8-5 20-3 24 4 5 2 6 7 1 9-16 4-40 4-55 1-3-1-4-4-2-6z" />
        <path d="M142 192c5-8 18-11 28-7 9-4 20-1 23 5 5 2 6 7 1 9-15 3-36 3-50 1-4-2-4-5-2-8z" />
      </g>
      <g className="scene-wood">
        <path d="M-400 236h1280v60h-1280zM-400-200h1280v218h-1280z" />
        <path d="M30 10h13v230h-13zM-250 10h13v230h-13zM717 10h13v230h-13z" />
      </g>
      <g className="scene-bell">
        <path className="scene-thread" d="M402 18v20M402 62v22" />
        <path d="M387 58c0-26 30-26 30 0 0 3-30 3-30 0z" />
        <path className="scene-slip" d="M396 84h12v30h-12z" />
      </g>
      <path
        className="scene-boards"
        d="M-400 247h1280M-400 259h1280M100 236v11M290 247v12M420 236v11M190 259v14M380 259v14M-60 247v12M600 247v12"
      />
    </svg>
  );
}
