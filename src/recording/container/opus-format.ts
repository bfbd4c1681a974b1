// What every packet of a recording is: 20 ms of both sides, from 8 kHz. Pure, and without Node: pages use it too.

export const inputRateHz = 8000;
export const frameMs = 20;
